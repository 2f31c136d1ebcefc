import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { AppError } from '../../platform/errors.ts'

/**
 * OWASP ASVS 5 Appendix C: argon2id with m=12,288 KiB, t=3, p=1, as hard to guess as with m=19,456 KiB, t=2, which earlier releases
 * used: 12 MB in place of 19 while it works. About 28 ms of one core.
 */
const cost = { memory: 12_288, passes: 3, parallelism: 1 }
const tagLength = 32

const derive = promisify(argon2) as (algorithm: 'argon2id', parameters: Argon2Parameters) => Promise<Buffer>

/** A PHC string for storage. Throws AppError `busy` when too many hashes are being computed. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16)
  const tag = await inQueue(() => derive('argon2id', { ...cost, message: password, nonce, tagLength }))
  return phcString(nonce, tag)
}

/**
 * Whether the password made this hash. With no hash (unknown account) it works as long as for a hash of today's cost and answers false,
 * so that the time taken does not tell whether an account exists. (One whose hash is of an earlier cost answers a few milliseconds later,
 * until its next log-in.)
 */
export async function passwordMatches(password: string, hash: string | undefined): Promise<boolean> {
  const stored = parse(hash ?? decoy)
  const { memory, passes, parallelism, nonce } = stored
  const length = stored.tag.length
  const tag = await inQueue(() =>
    derive('argon2id', { memory, passes, parallelism, message: password, nonce, tagLength: length }),
  )
  return timingSafeEqual(tag, stored.tag) && hash !== undefined
}

/** Whether this hash was made with other parameters than today's, so that it should be made anew while the password is at hand. */
export function isOutdated(hash: string): boolean {
  const { memory, passes, parallelism } = parse(hash)
  return memory !== cost.memory || passes !== cost.passes || parallelism !== cost.parallelism
}

/** What passwords of unknown accounts are compared with. */
const decoy = phcString(randomBytes(16), randomBytes(tagLength))

function phcString(nonce: Buffer, tag: Buffer): string {
  const { memory, passes, parallelism } = cost
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(nonce)}$${unpadded(tag)}`
}

function parse(hash: string) {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash)
  if (!parts) throw new Error('a stored password hash is not in the PHC form of argon2id')
  return {
    memory: Number(parts[1]),
    passes: Number(parts[2]),
    parallelism: Number(parts[3]),
    nonce: Buffer.from(parts[4]!, 'base64'),
    tag: Buffer.from(parts[5]!, 'base64'),
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

// One processor always stays for whoever reads pages, and two of the four libuv threads for file reads and DNS. Beyond a queue of about
// a second's work, requests are refused.
const concurrency = Math.min(2, Math.max(1, availableParallelism() - 1))
const longestQueue = 40
let running = 0
const waiting: (() => void)[] = []

async function inQueue<T>(work: () => Promise<T>): Promise<T> {
  if (running >= concurrency) {
    if (waiting.length >= longestQueue)
      throw new AppError('busy', 'Many people are signing in right now. Please try again in a few seconds.')
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

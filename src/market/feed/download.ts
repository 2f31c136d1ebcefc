import { createWriteStream } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const mostBytes = 20 * 1024 * 1024
const mostMs = 60_000
const mostRedirects = 3

/** As a browser asks: NSE's archive refuses what names itself a program. */
const headers = {
  'user-agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  accept: 'text/html,application/xhtml+xml,application/zip,text/csv,*/*;q=0.8',
  'accept-language': 'en-IN,en;q=0.9',
}

/** The source cannot be used now: it blocks us, is not reached, or sends something else. `message` tells the operator. */
export class SourceError extends Error {
  override name = 'SourceError'
}

/**
 * Stores what lies at an address in a file. False: there is nothing yet (404). Follows redirects within the same origin only,
 * takes 20 MB and a minute at most. Throws SourceError; nothing of an answer's body is in its sentence.
 */
export async function download(address: string, path: string, stopping?: AbortSignal): Promise<boolean> {
  const signal = AbortSignal.any([AbortSignal.timeout(mostMs), ...(stopping ? [stopping] : [])])
  try {
    const answer = await followed(address, signal)
    if (answer.status === 404 || answer.status === 410) {
      await answer.body?.cancel()
      return false
    }
    await store(answer, path, signal)
    return true
  } catch (error) {
    if (error instanceof SourceError) throw error
    const { code } = error as { code?: string }
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS')
      throw new SourceError(
        `The file cannot be stored on this server (${code}): its disk is full or cannot be written.`,
      )
    throw new SourceError(`${new URL(address).host} ${failureOf(error)}.`)
  }
}

async function followed(address: string, signal: AbortSignal): Promise<Response> {
  const { origin, host } = new URL(address)
  let url = address
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const answer = await fetch(url, { headers, redirect: 'manual', signal })
    const location = answer.headers.get('location')
    if (answer.status < 300 || answer.status > 399 || location === null) return answer
    await answer.body?.cancel()
    const next = URL.canParse(location, url) ? new URL(location, url) : null
    // A name and password, which fetch() takes in no address, are nothing to send on either.
    if (next?.origin !== origin || next.username !== '' || next.password !== '')
      throw new SourceError(`${host} sends us on to another host, port or scheme, where nothing is fetched.`)
    url = next.href
  }
  throw new SourceError(`${host} sends us on more than ${mostRedirects} times.`)
}

async function store(answer: Response, path: string, signal: AbortSignal): Promise<void> {
  const { host } = new URL(answer.url)
  const isPage = /^text\/html\b/i.test(answer.headers.get('content-type') ?? '')
  if (answer.status !== 200 || isPage || !answer.body) {
    await answer.body?.cancel()
    throw new SourceError(sentenceOf(host, answer.status, isPage))
  }
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done(bytes > mostBytes ? new SourceError(`${host} sends more than 20 MB for one day.`) : null, chunk)
    },
  })
  await pipeline(Readable.fromWeb(answer.body as never), counted, createWriteStream(path, { mode: 0o600 }), { signal })
}

function sentenceOf(host: string, status: number, isPage: boolean): string {
  if (status === 200) return `${host} answers with a web page in place of the file: it may block this server.`
  if (status === 401 || status === 403) return `${host} refuses us (${status}): it may block this server’s address.`
  if (status === 429) return `${host} says that we ask too often (429).`
  return `${host} answers ${status}${isPage ? ' with a web page' : ''}.`
}

/** What went wrong below HTTP, by the code of the error alone. */
function failureOf(error: unknown): string {
  const { name, code, cause } = error as { name?: string; code?: string; cause?: { code?: string } }
  if (name === 'TimeoutError') return 'took longer than a minute'
  if (name === 'AbortError') return 'was not waited for, since this process ends'
  return `cannot be read (${cause?.code ?? code ?? name ?? 'unknown'})`
}

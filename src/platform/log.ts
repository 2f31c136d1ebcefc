import { pino } from 'pino'
import { logRepeatsOnce } from './log-repeats.ts'

/** Names whose values never reach a log line, wherever they are in a logged object. */
const secrets = [
  'password',
  'token',
  'secret',
  'cookie',
  'authorization',
  'set-cookie',
  'x-client-id',
  'x-client-secret',
  'x-webhook-signature',
  'payment_session_id',
  'sessionId',
  'paymentSessionId',
]

export type Log = ReturnType<typeof createLog>

/**
 * One JSON line per event on standard output, or into `to`. Secrets are censored by name, down to two levels deep; of repeated
 * errors only the first are logged, then the number of the rest.
 */
export function createLog(level: string, to?: { write(line: string): void }) {
  const options = {
    level,
    redact: { paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]), censor: '[hidden]' },
    serializers: { err: describeError },
    hooks: { logMethod: logRepeatsOnce(20) },
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  return pino(options, to ?? standardOutput())
}

/** A full disk or a closed terminal costs log lines, and stops neither the site nor its shutdown. */
function standardOutput() {
  const out = pino.destination({ dest: 1, sync: false, maxLength: mostBuffered })
  let isBroken = false
  out.on('error', () => {
    isBroken = true
  })
  out.on('write', () => {
    isBroken = false
  })
  // At exit pino writes what is buffered, and retries without end while the disk is full.
  const flush = out.flushSync.bind(out)
  out.flushSync = () => (isBroken ? undefined : flush())
  return out
}

/** Characters that are buffered while they cannot be written; more than these are dropped. */
const mostBuffered = 64 * 1024 * 1024

/** An error without the SQL text, query parameters or request that drivers attach to it. */
function describeError(error: unknown) {
  if (!(error instanceof Error)) return describeOther(error)
  const { name, message, stack } = error
  const code = (error as { code?: unknown }).code
  const cause: unknown = error.cause
  return {
    type: name,
    message: masked(message),
    code,
    stack: stack === undefined ? undefined : masked(stack),
    ...(cause instanceof Error ? { cause: masked(cause.message) } : {}),
  }
}

/** What some libraries emit in place of an Error. */
function describeOther(error: unknown) {
  const { message, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    message?: unknown
    code?: unknown
  }
  return { message: masked(String(message ?? error)), code }
}

/** Text of other programs (a mail server's refusal, say) without the addresses, phones and sessions it may quote. */
export function masked(text: string): string {
  return text
    .replace(/[^\s<>"'(),;:=/]{1,64}@[\w-]+(\.[\w-]+)+/g, '[e-mail]')
    .replace(/(?<!\d)(\+?91[ -]?)?[6-9]\d{4}[ -]?\d{5}(?!\d)/g, '[phone]')
    .replace(/\bsession_[\w-]{8,}/g, '[session]')
    .replace(/\bcfsk_\w+/g, '[secret]')
    .replace(/\bdsetf_[\w-]+/g, '[secret]')
}

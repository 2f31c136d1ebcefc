import { pino } from 'pino'

/** Names whose values never reach a log line, wherever they stand in an object that is logged. */
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
]

export type Log = ReturnType<typeof createLog>

/** One JSON line an event on standard output. Secrets are censored by name, one and two levels deep. */
export function createLog(level: string) {
  return pino({
    level,
    redact: { paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]), censor: '[hidden]' },
    serializers: { err: describeError },
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  })
}

/** An error without the SQL text, query parameters or request that drivers like to hang on it. */
export function describeError(error: unknown) {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack } = error
  const code = (error as { code?: unknown }).code
  const cause: unknown = error.cause
  return { type: name, message, code, stack, ...(cause instanceof Error ? { cause: cause.message } : {}) }
}

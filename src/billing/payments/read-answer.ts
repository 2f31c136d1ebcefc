import { instantIn } from '../../platform/dates.ts'
import { beginningOf } from '../../platform/text.ts'
import type { Answer } from './cashfree-http.ts'
import { GatewayRefused, GatewayUnavailable } from './gateway.ts'

/** An id as text. A value of another type is kept as JSON, because it contradicts ours. */
export function idText(id: unknown): string | null {
  if (isLeftOut(id) || id === '') return null
  return typeof id === 'string' ? id : beginningOf(JSON.stringify(id), 100)
}

/** A descriptive value as text; null where it is none. Cashfree writes "NA" and the word "null" where it has nothing. */
export function textOf(value: unknown, longest = 300): string | null {
  const text = typeof value === 'string' || typeof value === 'number' ? beginningOf(String(value).trim(), longest) : ''
  return text === '' || /^(na|null)$/i.test(text) ? null : text
}

/** The instant a value names, as ISO text; null where it names none. A time without an offset is India's, a day begins at its midnight. */
export function indianInstant(value: unknown): string | null {
  const written = textOf(value)?.replace(/^(\d{4}-\d\d-\d\d)( |$)/, '$1T')
  if (!written) return null
  const timed = written.endsWith('T') ? `${written}00:00:00` : written
  return instantIn(/(Z|[+-]\d\d:?\d\d)$/i.test(timed) ? timed : `${timed}+05:30`)
}

/** Whether a field is missing, or null. */
export function isLeftOut(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

/** The fields of an object; none where the value is something else. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/** The fields of an object under one spelling: Cashfree writes authorisation_ and authorization_, failure_details and failureDetails. */
export function spelt(value: unknown): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(fieldsOf(value))) {
    const name = key
      .replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)
      .replace('authorisation', 'authorization')
    fields[name] ??= field
  }
  return fields
}

/**
 * Whether Cashfree says that what was asked for is not there. Its status and words for that differ between APIs, so the words decide;
 * but only in an error of its own, and about what we ask for: a wrong address or a proxy between us says "not found" as well.
 */
export function isAbsent({ status, code, type, body }: Answer): boolean {
  if ((status !== 404 && status !== 400) || code === '' || type === '') return false
  return /(subscription|payment|transaction|refund).*not[_ ](found|exist)/i.test(
    `${code} ${textOf(fieldsOf(body).message) ?? ''}`,
  )
}

/** Throws GatewayRefused when our keys were refused: then nothing is known of what was asked. */
export function refuseOurKeys({ status, code }: Answer): void {
  if (status === 401 || status === 403) throw new GatewayRefused(status, code)
}

/** What to throw for an answer that is not what was asked for: our keys are refused, or nothing is known. */
export function refusalOrOutage(answer: Answer): Error {
  return answer.status === 401 || answer.status === 403
    ? new GatewayRefused(answer.status, answer.code)
    : new GatewayUnavailable(`the gateway answered ${answer.status} ${answer.code}`)
}

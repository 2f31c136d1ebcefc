import { createHmac } from 'node:crypto'
import { fieldsOf, textOf } from './read-answer.ts'
import { isOneOf } from './signature.ts'

/**
 * What Cashfree's page sends back with the browser, by POST or as a query: a hint, never proof. `isSigned` says whether it comes from
 * Cashfree; statuses are its own words in upper case. Null where a value is missing or no text.
 */
export type MandateReturn = {
  isSigned: boolean
  subscriptionId: string | null
  cfSubscriptionId: string | null
  status: string | null
  checkoutStatus: string | null
  paymentId: string | null
  /** The UMN. */
  reference: string | null
  message: string | null
}

/** Reads the return of a mandate's page. Never throws, whatever was sent. */
export function readMandateReturn(form: unknown, secrets: readonly string[]): MandateReturn {
  const fields = fieldsOf(form)
  const word = (name: string) => textOf(fields[name])?.toUpperCase() ?? null
  return {
    isSigned: isSigned(fields, secrets),
    subscriptionId: textOf(fields.cf_subscriptionId),
    cfSubscriptionId: textOf(fields.cf_subReferenceId),
    status: word('cf_status'),
    checkoutStatus: word('cf_checkoutStatus'),
    paymentId: textOf(fields.cf_subscriptionPaymentId),
    reference: textOf(fields.cf_umn) ?? textOf(fields.cf_umrn),
    message: textOf(fields.cf_message),
  }
}

/** Base64 HMAC-SHA256 of all other fields, sorted by name; whether empty ones take part nobody has measured, so both are right. */
function isSigned({ signature, ...others }: Record<string, unknown>, secrets: readonly string[]): boolean {
  const fields = Object.entries(others).sort(([one], [other]) => (one < other ? -1 : 1))
  // A field that came twice is a list, and proves nothing.
  if (fields.length === 0 || fields.some(([, value]) => typeof value !== 'string')) return false
  const texts = [fields, fields.filter(([, value]) => value !== '')].map((signed) => signed.flat().join(''))
  const wanted = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => texts.map((text) => createHmac('sha256', secret).update(text).digest('base64')))
  return isOneOf(wanted, signature)
}

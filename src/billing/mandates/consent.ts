import { dateInIndia, dayInIndia } from '../../platform/dates.ts'
import { rupees } from '../../platform/money.ts'

/** What somebody agrees to before Autopay: the sentence with its version, and the terms that it names. */
export type Consent = {
  version: string
  text: string
  /** The ceiling of one debit. */
  maxPaise: number
  /** Names version and terms: what the form sends back says which sentence stood on it. */
  key: string
}

/** Years for which a mandate is opened. */
export const mandateYears = 10

/**
 * The sentence that pages show, the mandate keeps and mails repeat: who may debit, when, how much at most, until when, and how it is
 * stopped. Another wording is another version.
 */
export function consentFor(sellerName: string, maxPaise: number, now = new Date()): Consent {
  const expiresAt = new Date(now)
  expiresAt.setUTCFullYear(now.getUTCFullYear() + mandateYears)
  const version = 'autopay-1'
  return {
    version,
    maxPaise,
    key: `${version}.${maxPaise}.${dayInIndia(expiresAt)}`,
    text:
      `You allow ${sellerName} to debit your bank account by UPI whenever a period of your plan ends, by the price of your plan ` +
      `at that time, at most ${rupees(maxPaise)} a debit, until ${dateInIndia(expiresAt)}. We e-mail you the amount and the day ` +
      'before each debit. You can stop it at any time with one button in your account, or in your UPI app; what you paid for stays.',
  }
}

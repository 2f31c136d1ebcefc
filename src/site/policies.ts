import { refundDays } from '../billing/payments/payments.ts'
import { eventDays } from '../billing/webhooks/inbox.ts'
import { consentVersion } from '../identity/registration/consent.ts'
import { visitDays } from '../records/visits/visit-counter.ts'

/** The operator's promises that several pages repeat. Change a number here and every page agrees with it. */
export const policyTerms = {
  refundDays,
  /** Days within which a complaint is answered. */
  answerDays: 7,
  /** Days for which the application's own log lines are kept by the operator. */
  logDays: 30,
  deliveryDays: eventDays,
  visitDays,
  /** Years for which receipts and payments are kept, as tax and accounting law asks. */
  paperYears: 8,
  /** The version of terms and privacy notice that an account accepts, and the day it was written. */
  version: consentVersion,
  updatedOn: new Date(`${consentVersion}T00:00:00+05:30`),
}

/** The text pages: address and template share a name. */
export const policyPages = ['terms', 'privacy', 'refunds', 'contact', 'disclaimer'] as const

import type { SettlementOutcome } from '../../billing/checkout/queries.ts'

/** What a verdict of the webhook endpoint means, and what to do about it. */
export type VerdictLabel = { label: string; tone: 'good' | 'warn' | 'bad' | 'info'; means: string; advice: string }

const nothing = 'Nothing to do.'

/** The label of every verdict; src/billing/webhooks/delivery.ts and its queries give them. */
export const verdicts: Record<string, VerdictLabel> = {
  verified: {
    label: 'Verified',
    tone: 'good',
    means: 'The signature is Cashfree’s and the order is ours. Cashfree was then asked what is true of the order.',
    advice: nothing,
  },
  'too-old': {
    label: 'Too old',
    tone: 'warn',
    means: 'The signature is right, the time on it is not recent. It may be a late repeat, or the clock here is wrong.',
    advice: 'Cashfree was asked about the order all the same. If there are many, check the server’s clock.',
  },
  unreadable: {
    label: 'Unreadable',
    tone: 'warn',
    means: 'The signature is right, but the body is not JSON.',
    advice: 'Send it to Cashfree’s support. The reconciler finds the payment without it.',
  },
  'test-ping': {
    label: 'Test',
    tone: 'info',
    means: 'The test that Cashfree’s dashboard sends when an endpoint is added.',
    advice: nothing,
  },
  'no-order': {
    label: 'Names no order',
    tone: 'info',
    means: 'The signature is right; the event is not about an order.',
    advice: nothing,
  },
  'unknown-order': {
    label: 'Unknown order',
    tone: 'warn',
    means: 'The signature is right; the order is not in our books. Another site may use the same Cashfree account.',
    advice: 'If it is a payment for this site, see Incidents.',
  },
  'no-mandate': {
    label: 'Names no mandate',
    tone: 'info',
    means: 'The signature is right; the event is not about an Autopay mandate of ours.',
    advice: nothing,
  },
  'unknown-mandate': {
    label: 'Unknown mandate',
    tone: 'warn',
    means:
      'The signature is right; the Autopay mandate is not in our books. Another site may use the same Cashfree account.',
    advice: 'If it is a payment for this site, see Incidents.',
  },
  'amount-differs': {
    label: 'Amount differs',
    tone: 'warn',
    means: 'The signature is right; amount or currency is another than our order’s. The event is not believed.',
    advice: 'Cashfree was asked and decides. See Incidents.',
  },
  contradicts: {
    label: 'Contradicts',
    tone: 'warn',
    means:
      'The signature is right; it names two orders, another customer, or a payment of another order. It is not believed.',
    advice: 'Cashfree was asked about each order and decides. See Incidents.',
  },
  'missing-signature': {
    label: 'No signature',
    tone: 'bad',
    means: 'Somebody posted without a signature. Cashfree always signs.',
    advice: 'Nothing: it was refused. Strangers try this on every site.',
  },
  'missing-timestamp': {
    label: 'No timestamp',
    tone: 'bad',
    means: 'Signed, but without the time that belongs to the signature.',
    advice: 'If it comes from Cashfree, the endpoint’s version there is not 2025-01-01.',
  },
  'wrong-signature': {
    label: 'Wrong signature',
    tone: 'bad',
    means: 'The signature was made with a key that we do not know, or the body was changed on its way.',
    advice:
      'If every delivery is refused like this, the secret is of another key: list all in CASHFREE_WEBHOOK_SECRETS.',
  },
}

/** The label of a verdict; an unknown one is its own. */
export function verdictLabel(verdict: string): VerdictLabel {
  return (
    verdicts[verdict] ?? {
      label: verdict,
      tone: 'info',
      means: 'A verdict this release does not know.',
      advice: nothing,
    }
  )
}

type OtherOutcome = 'replayed' | 'refused' | 'nothing to settle' | 'failed'

const outcomes: Record<SettlementOutcome | OtherOutcome, string> = {
  paid: 'The payment was recorded and access granted.',
  'already-paid': 'The order was paid already, and still is.',
  waiting: 'The order is still open at Cashfree.',
  closed: 'The order ended without a payment.',
  'given-back': 'The order was paid; the money went back before it counted.',
  held: 'Nothing was granted; the order is held. See Incidents.',
  'to-end': 'It is closed on our side, or its account may not be given what it buys; Cashfree was asked to end it.',
  'unknown-order': 'The order is not in our books.',
  unverified: 'Cashfree’s answer could not be read in full; it is asked again later.',
  replayed: 'Being settled again.',
  refused: 'Refused; Cashfree was not asked.',
  'nothing to settle': 'Kept; there was nothing to settle.',
  failed: 'Settling failed on our side; it is tried again later.',
}

/** What settling a delivery of this type came to, in a sentence. One about money going back settles that, not the order. */
export function outcomeLabel(outcome: string | null, type: string | null): string {
  if (outcome === null) return 'Not settled yet.'
  const about = /REFUND/.test(type ?? '') ? 'refunds' : /DISPUTE/.test(type ?? '') ? 'disputes' : null
  if (about && (outcome === 'already-paid' || outcome === 'given-back'))
    return `Cashfree was asked about the order’s ${about}, and its answer was recorded.`
  return (outcomes as Record<string, string | undefined>)[outcome] ?? outcome
}

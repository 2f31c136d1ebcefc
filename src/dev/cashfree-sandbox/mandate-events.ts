import { bankDecides, failAuthorisation } from './authorisations.ts'
import { settleChargeRefund } from './charge-refunds.ts'
import { answerDebit, debit, fail, mandateOf, readNotice, succeed } from './charges.ts'
import type { SandboxContext } from './context.ts'
import type { Charge, Mandate } from './mandate-model.ts'
import { hearFromApp, runOut } from './mandates.ts'

type ScheduledEvent = { at: number; run: () => void }

/** What happens next to each mandate, charge and refund of a charge that is still alive. */
export function* mandateEvents(context: SandboxContext): Generator<ScheduledEvent> {
  const { liveMandates, liveCharges, liveChargeRefunds } = context.ledger
  for (const mandate of liveMandates) yield eventOfMandate(context, mandate)
  for (const charge of liveCharges) yield { at: charge.next!.at, run: () => take(context, charge) }
  for (const refund of liveChargeRefunds) {
    yield { at: refund.settlesAt!, run: () => settleChargeRefund(context, refund, 'SUCCESS') }
  }
}

function eventOfMandate(context: SandboxContext, mandate: Mandate): ScheduledEvent {
  const { bankDecidesAt, heardAt, expiresAt } = mandate
  if (bankDecidesAt !== null && bankDecidesAt <= expiresAt) {
    return { at: bankDecidesAt, run: () => void bankDecides(context, mandate, true) }
  }
  if (heardAt !== null && heardAt <= expiresAt) return { at: heardAt, run: () => hearFromApp(context, mandate) }
  return { at: expiresAt, run: () => runOut(context, mandate) }
}

/** Takes the next step of a charge. */
function take(context: SandboxContext, charge: Charge) {
  const { does, reason = '' } = charge.next!
  if (does === 'read-notice') readNotice(context, charge)
  else if (does === 'debit') debit(context, charge)
  else if (does === 'answer') answerDebit(context, charge)
  else if (does === 'succeed') succeed(context, charge)
  else if (charge.type === 'AUTH') failAuthorisation(context, mandateOf(context, charge), charge, reason)
  else fail(context, charge, reason)
}

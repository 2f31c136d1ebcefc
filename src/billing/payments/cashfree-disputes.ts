import { instantIn } from '../../platform/dates.ts'
import { paiseFromRupees } from '../../platform/money.ts'
import { matches, type Static, type TSchema, Type } from '../../platform/schema.ts'
import { beginningOf } from '../../platform/text.ts'
import type { Answer, Call } from './cashfree-http.ts'
import { type Gateway, GatewayRefused, GatewayUnavailable, type RemoteDispute } from './gateway.ts'

const Maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))
const Text = Maybe(Type.Union([Type.String(), Type.Number()]))

const Anything = Type.Optional(Type.Unknown())

/**
 * The payer's details stand there as well and are not read: our own rows have them. A descriptive field of an unexpected type is
 * read as absent, so that a deadline is not missed because of a remark.
 */
const Dispute = Type.Object({
  dispute_id: Type.Union([Type.String({ minLength: 1 }), Type.Number()]),
  dispute_type: Text,
  dispute_status: Type.String(),
  dispute_amount: Anything,
  dispute_amount_currency: Text,
  reason_code: Anything,
  reason_description: Anything,
  cf_dispute_remarks: Anything,
  respond_by: Anything,
  created_at: Anything,
  updated_at: Anything,
  order_details: Maybe(Type.Object({ order_id: Text, cf_payment_id: Text })),
})

/** The disputes of the Cashfree client: one call that lists them. They are answered in Cashfree's dashboard, with documents. */
export function cashfreeDisputes(call: (call: Call) => Promise<Answer>): Pick<Gateway, 'listDisputes'> {
  return {
    async listDisputes(orderId, within) {
      const answer = await call({ method: 'GET', path: `/orders/${encodeURIComponent(orderId)}/disputes`, within })
      if (answer.status === 404) return []
      if (answer.status === 401 || answer.status === 403) throw new GatewayRefused(answer.status, answer.code)
      if (answer.status !== 200 || !Array.isArray(answer.body))
        throw new GatewayUnavailable(`the gateway answered ${answer.status} instead of disputes`)
      return answer.body.map(readDispute)
    },
  }
}

function readDispute(body: unknown): RemoteDispute {
  if (!matches(Dispute, body)) throw new GatewayUnavailable('the gateway answered something that is not a dispute')
  const dispute: Static<typeof Dispute> = body
  return {
    disputeId: String(dispute.dispute_id),
    orderId: text(dispute.order_details?.order_id),
    cfPaymentId: text(dispute.order_details?.cf_payment_id),
    type: text(dispute.dispute_type)?.toUpperCase() ?? 'UNKNOWN',
    status: dispute.dispute_status.toUpperCase(),
    amountPaise: amountIn(dispute.dispute_amount),
    currency: text(dispute.dispute_amount_currency),
    reasonCode: text(dispute.reason_code),
    reason: text(dispute.reason_description),
    remarks: text(dispute.cf_dispute_remarks),
    respondBy: instant(dispute.respond_by),
    openedAt: instant(dispute.created_at),
    updatedAt: instant(dispute.updated_at),
  }
}

function amountIn(rupees: unknown): number | null {
  const paise = paiseFromRupees(rupees)
  return paise !== null && paise > 0 ? paise : null
}

function text(value: unknown): string | null {
  return (typeof value === 'string' || typeof value === 'number') && value !== ''
    ? beginningOf(String(value), 500)
    : null
}

/** Disputes carry Indian wall-clock times without an offset; 9999-09-09 stands for never. */
function instant(value: unknown): string | null {
  const written = text(value)
  return written && instantIn(/(Z|[+-]\d\d:?\d\d)$/i.test(written) ? written : `${written}+05:30`)
}

import { paiseFromRupees, rupeesForGateway } from '../../platform/money.ts'
import { matches, type Static, Type } from '../../platform/schema.ts'
import { beginningOf } from '../../platform/text.ts'
import type { Answer, Call } from './cashfree-http.ts'
import { type Gateway, GatewayRefused, GatewayUnavailable, type NewRefund } from './gateway.ts'
import type { RemoteRefund } from './remote-refund.ts'

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const Id = Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Null()]))

const Refund = Type.Object({
  refund_id: Text,
  cf_refund_id: Id,
  cf_payment_id: Id,
  refund_amount: Type.Unknown(),
  refund_status: Type.String(),
  refund_arn: Text,
  refund_note: Text,
})

/** The refunds of the Cashfree client: one call that asks for one, one that lists them. */
export function cashfreeRefunds(call: (call: Call) => Promise<Answer>): Pick<Gateway, 'createRefund' | 'listRefunds'> {
  const pathOf = (orderId: string) => `/orders/${encodeURIComponent(orderId)}/refunds`

  async function createRefund(refund: NewRefund, within?: number): Promise<RemoteRefund> {
    const answer = await call({
      method: 'POST',
      path: pathOf(refund.orderId),
      body: {
        refund_id: refund.refundId,
        refund_amount: rupeesForGateway(refund.amountPaise),
        refund_note: noteFor(refund.note),
        refund_speed: 'STANDARD',
      },
      idempotencyKey: refund.idempotencyKey,
      within,
    })
    if (answer.status === 200) return readRefund(answer.body)
    if (isTaken(answer)) {
      const known = (await listRefunds(refund.orderId, within)).find(({ refundId }) => refundId === refund.refundId)
      if (known) return known
    }
    throw new GatewayRefused(answer.status, answer.code)
  }

  async function listRefunds(orderId: string, within?: number): Promise<RemoteRefund[]> {
    const answer = await call({ method: 'GET', path: pathOf(orderId), within })
    if (answer.status === 404) return []
    if (answer.status === 401 || answer.status === 403) throw new GatewayRefused(answer.status, answer.code)
    if (answer.status !== 200 || !Array.isArray(answer.body))
      throw new GatewayUnavailable(`the gateway answered ${answer.status} instead of refunds`)
    return answer.body.map(readRefund)
  }

  return { createRefund, listRefunds }
}

/** The id or the key was used before: a lost reply. Cashfree says so in several ways (measured: 400 refund_id_invalid). */
function isTaken({ status, code, type }: Answer): boolean {
  return status === 409 || type === 'idempotency_error' || /^refund_id_(invalid|already_exists)$/.test(code)
}

/** One refund in Cashfree's words. Throws GatewayUnavailable for anything else. */
export function readRefund(body: unknown): RemoteRefund {
  if (!matches(Refund, body)) throw new GatewayUnavailable('the gateway answered something that is not a refund')
  const refund: Static<typeof Refund> = body
  return {
    refundId: refund.refund_id || null,
    cfRefundId: idText(refund.cf_refund_id),
    cfPaymentId: idText(refund.cf_payment_id),
    status: refund.refund_status.toUpperCase(),
    amountPaise: paiseFromRupees(refund.refund_amount),
    bankReference: refund.refund_arn || null,
    note: refund.refund_note || null,
  }
}

function idText(id: string | number | null | undefined): string | null {
  return id === null || id === undefined || id === '' ? null : String(id)
}

/** The note of a refund: Cashfree takes 3 to 100 characters. */
export function noteFor(reason: string): string {
  return beginningOf(reason.replace(/\s+/g, ' ').trim(), 100).padEnd(3, '.')
}

import { randomUUID } from 'node:crypto'
import { isoInIndia } from '../../platform/dates.ts'
import { paiseFromRupees, rupeesForGateway } from '../../platform/money.ts'
import { cashfreeCharges } from './cashfree-charges.ts'
import type { Answer, Call } from './cashfree-http.ts'
import { GatewayRefused, type GatewayUnavailable } from './gateway.ts'
import type { MandateGateway, MandatePlan, NewMandate, RemoteCharge, RemoteMandate } from './mandate-gateway.ts'
import { fieldsOf, isAbsent, refusalOrOutage, refuseOurKeys, textOf } from './read-answer.ts'
import { readCharges, readMandate } from './read-mandate.ts'

/** The mandates of the Cashfree client, on its Subscriptions API: permission only (ON_DEMAND), for our own clock bills. */
export function cashfreeMandates(call: (call: Call) => Promise<Answer>): MandateGateway {
  async function ensurePlan(plan: MandatePlan, within?: number): Promise<void> {
    const body = planBody(plan)
    const made = await call({ method: 'POST', path: '/plans', body, idempotencyKey: randomUUID(), within })
    refuseOurKeys(made)
    const path = `/plans/${encodeURIComponent(plan.planId)}`
    const known = made.status === 200 ? made : await call({ method: 'GET', path, within })
    if (known.status !== 200) throw new GatewayRefused(made.status, made.code)
    if (!isAsAsked(plan, known.body)) throw new GatewayRefused(409, 'plan_differs')
  }

  async function createMandate(mandate: NewMandate, within?: number): Promise<RemoteMandate> {
    const { idempotencyKey, subscriptionId } = mandate
    const answer = await call({
      method: 'POST',
      path: '/subscriptions',
      body: createBody(mandate),
      idempotencyKey,
      within,
    })
    if (answer.status === 200) return withCharges(readMandate(answer.body), null)
    refuseOurKeys(answer)
    // How Cashfree says that an id is taken nobody has measured: after every refusal what is there decides, for it may be a lost reply.
    const existing = await fetchMandate(subscriptionId, within, 'light')
    if (existing.status === 'ABSENT') throw new GatewayRefused(answer.status, answer.code)
    const wanted = [subscriptionId, mandate.planId, mandate.authorisationPaise, mandate.refundAuthorisation]
    const found = [
      existing.subscriptionId,
      existing.planId,
      existing.authorisationAmountPaise,
      existing.authorisationRefund,
    ]
    if (found.some((value, at) => value !== null && value !== wanted[at]))
      throw new GatewayRefused(409, 'mandate_differs')
    return existing
  }

  async function fetchMandate(
    subscriptionId: string,
    within?: number,
    manner: 'full' | 'light' | 'patient' = 'full',
  ): Promise<RemoteMandate> {
    const patient = manner === 'patient'
    const path = pathOf(subscriptionId)
    const fetchCharges = () =>
      call({ method: 'GET', path: `${path}/payments`, within, patient }).catch((error: GatewayUnavailable) => {
        if (patient && error.retryAfterS !== null) throw error
        return null
      })
    const early = manner === 'full' ? fetchCharges() : null
    const answer = await call({ method: 'GET', path, within, patient })
    if (isAbsent(answer)) return absent(subscriptionId)
    if (answer.status !== 200) throw refusalOrOutage(answer)
    const known = readMandate(answer.body)
    const charges = await (early ?? (known.status === 'INITIALIZED' ? null : fetchCharges()))
    return withCharges(known, charges && chargesIn(charges))
  }

  async function cancelMandate(subscriptionId: string, within?: number): Promise<RemoteMandate> {
    const body = { subscription_id: subscriptionId, action: 'CANCEL' }
    const path = `${pathOf(subscriptionId)}/manage`
    const answer = await call({ method: 'POST', path, body, idempotencyKey: randomUUID(), within })
    refuseOurKeys(answer)
    // One that ended meanwhile may answer with a 4xx: what counts is what the mandate is now.
    return fetchMandate(subscriptionId, within)
  }

  return { ensurePlan, createMandate, fetchMandate, cancelMandate, ...cashfreeCharges(call) }
}

function pathOf(subscriptionId: string): string {
  return `/subscriptions/${encodeURIComponent(subscriptionId)}`
}

function planBody(plan: MandatePlan): Record<string, unknown> {
  return {
    plan_id: plan.planId,
    plan_name: plan.name,
    plan_type: 'ON_DEMAND',
    plan_currency: 'INR',
    plan_max_amount: rupeesForGateway(plan.maxAmountPaise),
  }
}

/** The name may have been another: only what money depends on must be the same. */
function isAsAsked(plan: MandatePlan, body: unknown): boolean {
  const { plan_id, plan_type, plan_currency, plan_max_amount, plan_status } = fieldsOf(body)
  return (
    textOf(plan_id) === plan.planId &&
    textOf(plan_type)?.toUpperCase() === 'ON_DEMAND' &&
    textOf(plan_currency) === 'INR' &&
    paiseFromRupees(plan_max_amount) === plan.maxAmountPaise &&
    (textOf(plan_status)?.toUpperCase() ?? 'ACTIVE') === 'ACTIVE'
  )
}

function createBody(mandate: NewMandate): Record<string, unknown> {
  return {
    subscription_id: mandate.subscriptionId,
    customer_details: {
      customer_name: mandate.customer.name,
      customer_email: mandate.customer.email,
      customer_phone: mandate.customer.phone,
    },
    plan_details: { plan_id: mandate.planId },
    authorization_details: {
      authorization_amount: rupeesForGateway(mandate.authorisationPaise),
      authorization_amount_refund: mandate.refundAuthorisation,
      payment_methods: ['upi'],
    },
    subscription_meta: { return_url: mandate.returnUrl },
    subscription_expiry_time: isoInIndia(mandate.expiresAt),
    subscription_tags: mandate.tags,
  }
}

/** None where the list says that there are none; null where it could not be read. */
function chargesIn(answer: Answer): RemoteCharge[] | null {
  if (isAbsent(answer) && /payment|transaction/i.test(answer.code)) return []
  return answer.status === 200 ? readCharges(answer.body) : null
}

/** Charges do not always name their currency: it is the one of the plan then. */
function withCharges(
  { currency, ...mandate }: ReturnType<typeof readMandate>,
  charges: RemoteCharge[] | null,
): RemoteMandate {
  return {
    ...mandate,
    charges: charges?.map((charge) => ({ ...charge, currency: charge.currency ?? currency })) ?? null,
  }
}

function absent(subscriptionId: string): RemoteMandate {
  return {
    subscriptionId,
    cfSubscriptionId: null,
    status: 'ABSENT',
    planId: null,
    maxAmountPaise: null,
    authorisationAmountPaise: null,
    authorisationRefund: null,
    authorisationStatus: null,
    reference: null,
    payerAddress: null,
    sessionId: null,
    expiresAt: null,
    charges: [],
  }
}

import type { SandboxContext } from '../context.ts'
import { addMandate } from '../ledger.ts'
import { authorisationName, mandateEntity } from '../mandate-entities.ts'
import { hasEnded, type Mandate } from '../mandate-model.ts'
import { cancelMandate, changeStatus } from '../mandates.ts'
import type { Call, Endpoint } from './authentication.ts'
import { objectAt, text } from './fields.ts'
import { readMandate } from './mandate-request.ts'
import { invalid, Refusal, refusals } from './refusal.ts'

/** Create, read and manage. */
export function mandateEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'mandates.create',
      method: 'POST',
      path: '/subscriptions',
      handle({ fields }) {
        if (!context.settings.subscriptionsActive) throw refusals.notForThis()
        const mandate = readMandate(context, fields)
        if (context.ledger.mandates.has(mandate.id)) throw refusals.alreadyThere('subscription')
        addMandate(context.ledger, mandate)
        context.changed()
        return mandateEntity(context, mandate)
      },
    },
    {
      name: 'mandates.get',
      method: 'GET',
      path: '/subscriptions/:subscriptionId',
      handle: (call) => falsified(context, mandateOf(context, call)),
    },
    {
      name: 'mandates.manage',
      method: 'POST',
      path: '/subscriptions/:subscriptionId/manage',
      handle(call) {
        const mandate = mandateOf(context, call)
        manage(context, mandate, call)
        return mandateEntity(context, mandate)
      },
    },
  ]
}

/** The mandate of the path, by the merchant's id. */
export function mandateOf(context: SandboxContext, { params }: Call): Mandate {
  const mandate = context.ledger.mandates.get(params.subscriptionId ?? '')
  if (!mandate) throw refusals.mandateNotFound()
  return mandate
}

/** Cancelling is for every mandate; the rest is for periodic plans, where Cashfree's clock bills. */
function manage(context: SandboxContext, mandate: Mandate, { fields }: Call) {
  const action = text(fields, 'action')
  if (hasEnded(mandate)) throw new Refusal(400, 'subscription_status_invalid', `Subscription is ${mandate.status}`)
  if (action === 'CANCEL') return cancelMandate(context, mandate)
  if (!['PAUSE', 'ACTIVATE', 'CHANGE_PLAN'].includes(action)) throw invalid('action', 'is not valid.', action)
  if (mandate.plan.type === 'ON_DEMAND') throw refusals.notForThis()
  if (action === 'CHANGE_PLAN') return changePlan(context, mandate, objectAt(fields, 'action_details'))
  if (mandate.status !== (action === 'PAUSE' ? 'ACTIVE' : 'PAUSED')) throw refusals.notForThis()
  changeStatus(context, mandate, action === 'PAUSE' ? 'PAUSED' : 'ACTIVE')
}

function changePlan(context: SandboxContext, mandate: Mandate, details: Record<string, unknown>) {
  const id = text(details, 'plan_id', { path: 'action_details.plan_id' })
  const plan = context.ledger.plans.get(id)
  if (!plan) throw new Refusal(404, 'plan_not_found', 'Plan does not exist')
  if (plan.maxAmountPaise > mandate.plan.maxAmountPaise) {
    throw invalid('action_details.plan_id', 'should not exceed the amount that was authorised.', id)
  }
  mandate.plan = { ...plan }
  context.changed()
}

function falsified(context: SandboxContext, mandate: Mandate) {
  const entity = mandateEntity(context, mandate)
  if (mandate.status === 'ACTIVE' && context.faults.take('mandateLags', 'mandates.get')) {
    entity.subscription_status = 'INITIALIZED'
    const details = entity[authorisationName(context)] as Record<string, unknown>
    details.authorization_status = 'PENDING'
  }
  if (mandate.status !== 'ACTIVE' && context.faults.take('unknownEnums', 'mandates.get')) {
    entity.subscription_status = 'UNDER_REVIEW'
  }
  return entity
}

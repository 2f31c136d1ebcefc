import type { SandboxContext } from '../context.ts'
import { planEntity } from '../mandate-entities.ts'
import type { Endpoint } from './authentication.ts'
import { readPlan } from './mandate-request.ts'
import { Refusal, refusals } from './refusal.ts'

/** Create and read plans; they are never changed. */
export function planEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'plans.create',
      method: 'POST',
      path: '/plans',
      handle({ fields }) {
        if (!context.settings.subscriptionsActive) throw refusals.notForThis()
        const plan = readPlan(fields)
        if (context.ledger.plans.has(plan.id)) throw refusals.alreadyThere('plan')
        context.ledger.plans.set(plan.id, plan)
        context.changed()
        return planEntity(plan)
      },
    },
    {
      name: 'plans.get',
      method: 'GET',
      path: '/plans/:planId',
      handle({ params }) {
        const plan = context.ledger.plans.get(params.planId ?? '')
        if (!plan) throw new Refusal(404, 'plan_not_found', 'Plan does not exist')
        return planEntity(plan)
      },
    },
  ]
}

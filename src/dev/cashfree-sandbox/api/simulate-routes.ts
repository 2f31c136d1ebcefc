import { approve, decline } from '../authorisations.ts'
import { fail as failCharge, leaveOpen, mandateOf, succeed as succeedCharge } from '../charges.ts'
import type { SandboxContext } from '../context.ts'
import { nextCfId } from '../ids.ts'
import { isLive, type Simulation } from '../model.ts'
import { drop, fail, leavePending, succeed } from '../payments.ts'
import { reasonNamed } from '../reasons.ts'
import type { Endpoint } from './authentication.ts'
import { objectAt, optionalText, text } from './fields.ts'
import { invalid, Refusal, refusals } from './refusal.ts'

const OUTCOMES = ['SUCCESS', 'FAILED', 'PENDING', 'USER_DROPPED']

/** Sandbox only: decides an attempt or a charge as its bank would. */
export function simulateEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'simulate',
      method: 'POST',
      path: '/simulate',
      handle({ fields }) {
        const entity = text(fields, 'entity')
        const decide = DECIDERS[entity]
        if (!decide) throw new Refusal(400, 'entity_unsupported', 'entity : is not supported')
        const entityId = text(fields, 'entity_id')
        const wanted = objectAt(fields, 'entity_simulation')
        const status = text(wanted, 'payment_status', { path: 'entity_simulation.payment_status' })
        const errorCode = optionalText(wanted, 'payment_error_code')
        if (!OUTCOMES.includes(status)) throw invalid('entity_simulation.payment_status', 'is not valid.', status)
        decide(context, entityId, status, errorCode)
        const simulation: Simulation = { id: nextCfId(context), entity, entityId, status, errorCode }
        context.ledger.simulations.set(simulation.id, simulation)
        context.changed()
        return simulationEntity(simulation)
      },
    },
    {
      name: 'simulate.get',
      method: 'GET',
      path: '/simulate/:simulationId',
      handle({ params }) {
        const simulation = context.ledger.simulations.get(params.simulationId ?? '')
        if (!simulation) throw new Refusal(404, 'simulation_id_invalid', 'simulation not found')
        return simulationEntity(simulation)
      },
    },
  ]
}

const DECIDERS: Record<string, typeof decideAttempt> = { PAYMENTS: decideAttempt, SUBS_PAYMENTS: decideCharge }

/** Under a mandate only what waits for the bank, by the merchant's own payment id. */
function decideCharge(context: SandboxContext, chargeId: string, status: string, errorCode: string | null) {
  const charge = context.ledger.charges.get(chargeId)
  if (!charge) throw refusals.chargeNotFound()
  if (charge.status !== 'PENDING') throw unchangeable(charge.status, status)
  if (status === 'PENDING') return leaveOpen(context, charge)
  const mandate = mandateOf(context, charge)
  const reason = status === 'USER_DROPPED' ? 'No action performed by customer' : (errorCode ?? 'DEBIT HAS BEEN FAILED')
  if (charge.type === 'AUTH' && status === 'SUCCESS') approve(context, mandate)
  else if (charge.type === 'AUTH') decline(context, mandate, reason)
  else if (status === 'SUCCESS') succeedCharge(context, charge)
  else failCharge(context, charge, reason)
}

function decideAttempt(context: SandboxContext, attemptId: string, status: string, errorCode: string | null) {
  const attempt = context.ledger.attempts.get(attemptId)
  if (!attempt) throw refusals.paymentNotFound()
  if (!isLive(attempt)) throw unchangeable(attempt.status, status)
  if (status === 'SUCCESS') succeed(context, attempt)
  else if (status === 'FAILED') fail(context, attempt, reasonNamed(errorCode?.toLowerCase()))
  else if (status === 'USER_DROPPED') drop(context, attempt)
  else leavePending(context, attempt)
}

function unchangeable(from: string, to: string): Refusal {
  return new Refusal(400, 'transaction_status_invalid', `Transaction status cannot be changed from ${from} to ${to}`)
}

function simulationEntity({ id, entity, entityId, status, errorCode }: Simulation) {
  return {
    simulation_id: id,
    entity,
    entity_id: entityId,
    entity_simulation: { payment_status: status, payment_error_code: errorCode },
  }
}

import type { SandboxContext } from '../context.ts'
import { nextCfId } from '../ids.ts'
import { isLive, type Simulation } from '../model.ts'
import { drop, fail, leavePending, succeed } from '../payments.ts'
import { reasonNamed } from '../reasons.ts'
import type { Endpoint } from './authentication.ts'
import { objectAt, optionalText, text } from './fields.ts'
import { invalid, Refusal, refusals } from './refusal.ts'

const OUTCOMES = ['SUCCESS', 'FAILED', 'PENDING', 'USER_DROPPED']

/** Sandbox only: decides an attempt as its bank would. */
export function simulateEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'simulate',
      method: 'POST',
      path: '/simulate',
      handle({ fields }) {
        const entity = text(fields, 'entity')
        if (entity !== 'PAYMENTS') throw new Refusal(400, 'entity_unsupported', 'entity : is not supported')
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

function decide(context: SandboxContext, attemptId: string, status: string, errorCode: string | null) {
  const attempt = context.ledger.attempts.get(attemptId)
  if (!attempt) throw refusals.paymentNotFound()
  if (!isLive(attempt)) {
    throw new Refusal(
      400,
      'transaction_status_invalid',
      `Transaction status cannot be changed from ${attempt.status} to ${status}`,
    )
  }
  if (status === 'SUCCESS') succeed(context, attempt)
  else if (status === 'FAILED') fail(context, attempt, reasonNamed(errorCode?.toLowerCase()))
  else if (status === 'USER_DROPPED') drop(context, attempt)
  else leavePending(context, attempt)
}

function simulationEntity({ id, entity, entityId, status, errorCode }: Simulation) {
  return {
    simulation_id: id,
    entity,
    entity_id: entityId,
    entity_simulation: { payment_status: status, payment_error_code: errorCode },
  }
}

import type { FastifyInstance } from 'fastify'
import type { ChargeRefund, Script } from '../mandate-model.ts'
import type { Control } from './control.ts'
import type { InApp, Settlement } from './mandates.ts'

type ById<Body> = { Params: { id: string }; Body: Body }

/** The part of the control API that is about mandates. */
export function mandateControlRoutes(control: Control) {
  return async (app: FastifyInstance) => {
    app.get('/mandates', async () => control.state().mandates)
    app.get<ById<unknown>>('/mandates/:id', async ({ params }) => control.mandate(params.id))
    app.post<ById<{ bankPending?: boolean }>>('/mandates/:id/approve', async ({ params, body }) =>
      control.approveMandate(params.id, body),
    )
    app.post<ById<{ reason?: string }>>('/mandates/:id/decline', async ({ params, body }) =>
      control.declineMandate(params.id, body),
    )
    app.post<ById<unknown>>('/mandates/:id/ignore', async ({ params }) => control.ignoreMandate(params.id))
    app.post<ById<{ approves?: boolean }>>('/mandates/:id/bank', async ({ params, body }) =>
      control.bankDecides(params.id, body),
    )
    app.post<ById<Partial<Script>>>('/mandates/:id/script', async ({ params, body }) => control.script(params.id, body))
    app.post<ById<InApp>>('/mandates/:id/in-app', async ({ params, body }) => control.inApp(params.id, body))
    app.post<ById<unknown>>('/mandates/:id/expire', async ({ params }) => control.expireMandate(params.id))
    app.post<ById<Settlement>>('/charges/:id/settle', async ({ params, body }) => control.settleCharge(params.id, body))
    app.post<ById<{ status?: Exclude<ChargeRefund['status'], 'PENDING'> }>>(
      '/charge-refunds/:id/settle',
      async ({ params, body }) => control.settleChargeRefund(params.id, body.status),
    )
  }
}

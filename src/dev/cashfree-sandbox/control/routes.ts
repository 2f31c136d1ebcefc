import type { FastifyInstance } from 'fastify'
import { type FaultSwitches, UnknownFault } from '../faults.ts'
import type { RefundStatus } from '../model.ts'
import type { Settings } from '../settings.ts'
import type { Control } from './control.ts'
import type { DisputeOptions } from './disputes.ts'
import { ControlError } from './find.ts'
import { mandateControlRoutes } from './mandate-routes.ts'
import type { PayOptions } from './payments.ts'
import type { WebhookChanges } from './webhooks.ts'

type ById = { Params: { id: string }; Body: PayOptions }

/** The control API, to be registered under /control: `control` over HTTP, JSON in and out. */
export function controlRoutes(control: Control) {
  return async (app: FastifyInstance) => {
    app.removeContentTypeParser('application/json')
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, parsed(body as string)))
    app.addHook('preHandler', async (request) => {
      request.body ??= {}
    })
    app.setErrorHandler((error, _request, reply) => {
      const status = error instanceof ControlError ? error.status : error instanceof UnknownFault ? 400 : 500
      reply.code(status).send({ error: (error as Error).message })
    })

    app.get('/state', async () => control.state())
    app.get<{ Params: { id: string } }>('/orders/:id', async ({ params }) => control.order(params.id))
    app.get<{ Querystring: { orderId?: string } }>('/deliveries', async ({ query }) =>
      control.deliveries(query.orderId),
    )

    app.post<{ Body: { advanceMs?: number; to?: string; reset?: boolean } }>('/clock', async ({ body }) => {
      if (body.reset) control.resetClock()
      if (body.to) await control.advanceTo(body.to)
      if (body.advanceMs) await control.advance(Number(body.advanceMs))
      return control.state().clock
    })
    app.post('/settled', async () => {
      await control.settled()
      return { settled: true }
    })

    app.get('/faults', async () => control.state().faults)
    app.post<{ Body: FaultSwitches }>('/faults', async ({ body }) => control.faults(body))
    app.delete('/faults', async () => {
      control.clearFaults()
      return []
    })
    app.post<{ Body: Partial<Settings> }>('/settings', async ({ body }) => control.settings(body))

    app.post<ById>('/orders/:id/pay', async ({ params, body }) => control.pay(params.id, body))
    app.post<ById>('/orders/:id/fail', async ({ params, body }) => control.fail(params.id, body))
    app.post<ById>('/orders/:id/drop', async ({ params, body }) => control.drop(params.id, body))
    app.post<ById>('/orders/:id/pending', async ({ params, body }) => control.pending(params.id, body))
    app.post<ById>('/orders/:id/expire', async ({ params }) => control.expire(params.id))
    app.post<{ Params: { id: string }; Body: { status?: RefundStatus } }>('/refunds/:id/settle', async (request) =>
      control.settleRefund(request.params.id, request.body.status ?? 'SUCCESS'),
    )

    app.post<{ Params: { id: string }; Body: DisputeOptions }>('/orders/:id/dispute', async ({ params, body }) =>
      control.dispute(params.id, body),
    )
    app.post<{ Params: { id: string }; Body: DisputeOptions }>('/disputes/:id/update', async ({ params, body }) =>
      control.updateDispute(params.id, body),
    )
    app.post<{ Params: { id: string } }>('/disputes/:id/escalate', async ({ params }) =>
      control.escalateDispute(params.id),
    )
    app.post<{ Params: { id: string }; Body: { outcome?: 'won' | 'lost' | 'accepted' } }>(
      '/disputes/:id/close',
      async ({ params, body }) => control.closeDispute(params.id, body.outcome ?? 'lost'),
    )

    app.register(mandateControlRoutes(control))

    app.post<{ Params: { n: string } }>('/deliveries/:n/redeliver', async ({ params }) =>
      control.redeliver(Number(params.n)),
    )
    app.post<{ Body: { type?: string; data?: unknown } }>('/ping', async ({ body }) =>
      control.ping(body.type, body.data),
    )
    app.post<{ Body: WebhookChanges }>('/webhooks', async ({ body }) => control.webhooks(body))
    app.post('/reset', async () => {
      await control.reset()
      return { reset: true }
    })
  }
}

function parsed(text: string): unknown {
  try {
    return text ? JSON.parse(text) : {}
  } catch {
    throw new ControlError(400, 'The body is not JSON')
  }
}

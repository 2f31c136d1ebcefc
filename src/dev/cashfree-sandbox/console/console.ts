import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import type { SandboxContext } from '../context.ts'
import type { Control } from '../control/control.ts'
import { ControlError } from '../control/find.ts'
import type { FaultName } from '../faults.ts'
import { mandateButtons } from './mandate-buttons.ts'
import { consolePage } from './page.ts'

type Form = { Body: Record<string, string> | undefined }
type OnOrder = Form & { Params: { id: string; what: 'pay' | 'fail' | 'drop' | 'pending' | 'expire' | 'dispute' } }
type OnDispute = { Params: { id: string; what: 'review' | 'escalate' | 'won' | 'lost' | 'accepted' } }

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'"

/** The console at `/`: what happened, newest first, and the buttons. Every form redirects back to it. */
export function consoleRoutes(context: SandboxContext, control: Control) {
  return async (app: FastifyInstance) => {
    await app.register(formbody)
    app.addHook('onRequest', async (_request, reply) => {
      reply.headers({ 'content-security-policy': POLICY, 'x-frame-options': 'DENY', 'cache-control': 'no-store' })
    })
    app.setErrorHandler((error, _request, reply) => {
      const status = error instanceof ControlError ? error.status : 500
      reply
        .code(status)
        .type('text/plain; charset=utf-8')
        .send((error as Error).message)
    })

    app.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(consolePage(context)))

    const button = (path: string, press: (body: Record<string, string>) => unknown) =>
      app.post<Form>(`/console${path}`, async (request, reply) => {
        await press(request.body ?? {})
        return reply.redirect('/', 303)
      })

    button('/clock', ({ ms }) => (ms === 'reset' ? control.resetClock() : control.advance(Number(ms) || 0)))
    button('/ping', () => control.ping())
    button('/webhooks', ({ paused }) => control.webhooks({ paused: paused === 'true' }))
    button('/reset', () => control.reset())
    button('/faults', ({ name, on, count }) => {
      if (!name) return control.clearFaults()
      const times = Number(count)
      return control.faults({ [name as FaultName]: on === 'true' && (times > 0 ? times : true) })
    })

    app.post<OnOrder>('/console/orders/:id/:what', async ({ params, body }, reply) => {
      const act = { pay: control.pay, fail: control.fail, drop: control.drop, pending: control.pending }
      if (params.what === 'expire') control.expire(params.id)
      else if (params.what === 'dispute') control.dispute(params.id)
      else if (Object.hasOwn(act, params.what)) act[params.what](params.id, body?.reason ? { reason: body.reason } : {})
      return reply.redirect('/', 303)
    })
    app.register(mandateButtons(control))
    app.post<OnDispute>('/console/disputes/:id/:what', async ({ params: { id, what } }, reply) => {
      if (what === 'review') control.updateDispute(id)
      else if (what === 'escalate') control.escalateDispute(id)
      else control.closeDispute(id, what)
      return reply.redirect('/', 303)
    })
    app.post<Form & { Params: { n: string } }>('/console/deliveries/:n/redeliver', async ({ params }, reply) => {
      await control.redeliver(Number(params.n))
      return reply.redirect('/', 303)
    })
  }
}

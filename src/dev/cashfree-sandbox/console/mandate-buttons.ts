import type { FastifyInstance } from 'fastify'
import type { Control } from '../control/control.ts'
import type { Settlement } from '../control/mandates.ts'
import type { Script } from '../mandate-model.ts'

type OnMandate = {
  Params: { id: string; what: string }
  Body: { debits?: Script['debits']; times?: string } | undefined
}
type OnCharge = { Params: { id: string; status: NonNullable<Settlement['status']> } }

/** The console's buttons for mandates and charges. */
export function mandateButtons(control: Control) {
  const press: Record<string, (id: string) => unknown> = {
    approve: control.approveMandate,
    'bank-pending': (id) => control.approveMandate(id, { bankPending: true }),
    decline: control.declineMandate,
    ignore: control.ignoreMandate,
    'bank-approves': control.bankDecides,
    'bank-declines': (id) => control.bankDecides(id, { approves: false }),
    pause: (id) => control.inApp(id, { does: 'pause' }),
    resume: (id) => control.inApp(id, { does: 'resume' }),
    cancel: (id) => control.inApp(id, { does: 'cancel' }),
    expire: control.expireMandate,
  }
  return async (app: FastifyInstance) => {
    app.post<OnMandate>('/console/mandates/:id/:what', async ({ params: { id, what }, body = {} }, reply) => {
      if (what === 'script') control.script(id, { ...body, times: Number(body.times) || null })
      else if (Object.hasOwn(press, what)) press[what]!(id)
      return reply.redirect('/', 303)
    })
    app.post<OnCharge>('/console/charges/:id/:status', async ({ params: { id, status } }, reply) => {
      control.settleCharge(id, { status })
      return reply.redirect('/', 303)
    })
  }
}

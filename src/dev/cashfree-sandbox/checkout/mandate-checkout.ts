import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { approve, decline, startAuthorisation } from '../authorisations.ts'
import type { SandboxContext } from '../context.ts'
import type { Charge, Mandate } from '../mandate-model.ts'
import { mandateOfSession } from '../mandate-sessions.ts'
import { CONTENT_POLICY } from './checkout.ts'
import { invalidSessionPage } from './end-pages.ts'
import { expiredSessionPage, mandatePage, mandateReturnPage, noReturnPage } from './mandate-page.ts'
import { returnFields } from './return-fields.ts'

type Verdict = { outcome?: 'approve' | 'decline' | 'leave' | 'bank-pending' | 'ignore' }

/** The hosted page of a mandate, to be registered under /pg/view. Plain forms; no step needs a script. */
export function mandateCheckout(context: SandboxContext, settled: () => Promise<void>) {
  return async (app: FastifyInstance) => {
    await app.register(formbody)
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('content-security-policy', CONTENT_POLICY).header('cache-control', 'no-store')
    })

    app.post<{ Body: { subs_session_id?: string } | undefined }>('/sessions/checkout/subs', async (request, reply) => {
      const mandate = mandateOfSession(context, request.body?.subs_session_id ?? '')
      if (mandate === 'expired') return page(reply, expiredSessionPage())
      return page(reply, mandate ? mandatePage(mandate) : invalidSessionPage())
    })

    app.get<{ Params: { token: string } }>('/mandates/:token', async (request, reply) => {
      const mandate = context.ledger.mandateTokens.get(request.params.token)
      return page(reply, mandate ? mandatePage(mandate) : invalidSessionPage())
    })

    app.post<{ Params: { token: string }; Body: Verdict | undefined }>('/mandates/:token', async (request, reply) => {
      const mandate = context.ledger.mandateTokens.get(request.params.token)
      if (!mandate) return page(reply, invalidSessionPage())
      if (mandate.status !== 'INITIALIZED') return leave(reply, mandate, mandate.charges.at(-1) ?? null)
      const charge = decide(context, mandate, request.body?.outcome)
      if (context.faults.take('webhookBeforeRedirect')) await settled()
      return leave(reply, mandate, charge)
    })

    /** Back to the merchant, with the outcome in a form that the browser posts across sites. */
    function leave(reply: FastifyReply, mandate: Mandate, charge: Charge | null) {
      if (mandate.returnUrl === null) return page(reply, noReturnPage(mandate))
      const fields = returnFields(context, mandate, charge)
      if (context.settings.mandateReturn === 'post') return page(reply, mandateReturnPage(mandate, fields))
      const address = new URL(mandate.returnUrl)
      for (const [name, value] of Object.entries(fields)) address.searchParams.set(name, value)
      return reply.redirect(address.href, 303)
    }
  }
}

/** What the customer did; null when nothing was started. */
function decide(context: SandboxContext, mandate: Mandate, outcome: Verdict['outcome']): Charge | null {
  if (outcome === 'approve') return approve(context, mandate)
  if (outcome === 'bank-pending') return approve(context, mandate, { bankPending: true })
  if (outcome === 'decline') return decline(context, mandate)
  return outcome === 'ignore' ? startAuthorisation(context, mandate) : null
}

function page(reply: FastifyReply, markup: string) {
  return reply.type('text/html; charset=utf-8').send(markup)
}

import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { SandboxContext } from '../context.ts'
import { type Attempt, isLive } from '../model.ts'
import { statusOf } from '../orders.ts'
import { drop, fail, leavePending, startAttempt, succeed, takeOtp } from '../payments.ts'
import { reasonNamed } from '../reasons.ts'
import { type ChosenForm, readChoice } from './choice.ts'
import { choosePage } from './choose-page.ts'
import {
  type Ending,
  failedPage,
  framedEndPage,
  inactivePage,
  invalidSessionPage,
  nowhereToGoPage,
} from './end-pages.ts'
import {
  type CheckoutForm,
  canBePaid,
  openPageSession,
  type PageState,
  pageStateOf,
  pageStateOfAttempt,
  returnUrlOf,
} from './page-sessions.ts'
import { simulatorPage } from './simulator-page.ts'

type Verdict = { token?: string; outcome?: string; reason?: string; otp?: string }

// No frame-ancestors and no X-Frame-Options: the script shows these pages inside the merchant's.
export const CONTENT_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'"

/** The hosted checkout, to be registered under /pg/view. Plain forms throughout; no step needs a script. */
export function checkout(context: SandboxContext, settled: () => Promise<void>) {
  return async (app: FastifyInstance) => {
    await app.register(formbody)
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('content-security-policy', CONTENT_POLICY).header('cache-control', 'no-store')
    })

    app.post<{ Body: CheckoutForm | undefined }>('/sessions/checkout', async (request, reply) => {
      return showChoice(reply, openPageSession(context, request.body ?? {}))
    })

    // Building this address is a known mistake; Cashfree answers it with a page that says so.
    app.get('/sessions/checkout/*', async (_request, reply) => page(reply, invalidSessionPage()))

    app.get<{ Params: { token: string } }>('/visits/:token', async (request, reply) => {
      return showChoice(reply, pageStateOf(context, request.params.token))
    })

    app.post<{ Params: { token: string }; Body: ChosenForm }>('/visits/:token/pay', async (request, reply) => {
      const { token } = request.params
      const state = pageStateOf(context, token)
      if (!state || !canBePaid(context, state.order)) return showChoice(reply, state)
      const choice = readChoice(request.body ?? {})
      if ('mistake' in choice) return page(reply, choosePage(state.order, token, choice))
      const attempt = startAttempt(context, state.order, choice.method, { pageSession: token })
      if (choice.answer) {
        attempt.settles = { at: attempt.startedAt + context.settings.collectSettleMs, ...choice.answer }
        context.changed()
      }
      return reply.redirect(`/pg/view/gateway/${attempt.token}`, 303)
    })

    app.post<{ Params: { token: string } }>('/visits/:token/leave', async (request, reply) => {
      const state = pageStateOf(context, request.params.token)
      return state ? leave(reply, state, 'closed') : page(reply, invalidSessionPage())
    })

    app.get<{ Params: { token: string } }>('/gateway/:token', async (request, reply) => {
      return showAttempt(reply, context.ledger.tokens.get(request.params.token))
    })

    app.post<{ Params: { token: string } }>('/gateway/:token/leave', async (request, reply) => {
      const attempt = context.ledger.tokens.get(request.params.token)
      if (!attempt) return page(reply, invalidSessionPage())
      return leave(reply, pageStateOfAttempt(context, attempt), 'finished', attempt)
    })

    app.post<{ Body: Verdict | undefined }>('/simulate', async (request, reply) => {
      const form = request.body ?? {}
      const attempt = context.ledger.tokens.get(form.token ?? '')
      if (!attempt || !isLive(attempt)) return showAttempt(reply, attempt)
      if (form.outcome === 'close') return leave(reply, pageStateOfAttempt(context, attempt), 'closed', attempt)
      if (form.outcome === 'otp') {
        const wrongOtp = !takeOtp(context, attempt, form.otp ?? '')
        return showAttempt(reply, attempt, { wrongOtp })
      }
      decide(context, attempt, form)
      if (context.faults.take('webhookBeforeRedirect')) await settled()
      return showAttempt(reply, attempt)
    })

    function showChoice(reply: FastifyReply, state: PageState | null) {
      if (!state?.pageSession) return page(reply, invalidSessionPage())
      const { order, pageSession } = state
      if (!canBePaid(context, order)) {
        return page(reply, inactivePage(order, statusOf(order, context.clock.now()), returnUrlOf(state)))
      }
      const last = order.attempts.findLast((attempt) => attempt.visit === pageSession.token)
      return page(
        reply,
        choosePage(order, pageSession.token, { notice: last?.status === 'FAILED' ? last.message : null }),
      )
    }

    /** The simulator while an attempt is open; afterwards a redirect to the merchant, or the reason of the failure. */
    function showAttempt(reply: FastifyReply, attempt: Attempt | undefined, { wrongOtp = false } = {}) {
      if (!attempt) return page(reply, invalidSessionPage())
      const state = pageStateOfAttempt(context, attempt)
      if (attempt.status === 'FAILED') return page(reply, failedPage(state, attempt))
      if (attempt.status !== 'NOT_ATTEMPTED') return leave(reply, state, 'finished', attempt)
      const url = `${context.publicUrl}/pg/view/gateway/${attempt.token}`
      return page(reply, simulatorPage(state.order, attempt, { url, wrongOtp, now: context.clock.now() }))
    }

    function leave(reply: FastifyReply, state: PageState, ending: Ending, attempt: Attempt | null = null) {
      const address = returnUrlOf(state)
      if (state.pageSession?.framed) return page(reply, framedEndPage(state.order, ending, address))
      if (!address) return page(reply, nowhereToGoPage(state.order, attempt))
      return reply.redirect(address, 303)
    }
  }
}

function decide(context: SandboxContext, attempt: Attempt, { outcome, reason }: Verdict) {
  if (outcome === 'success') succeed(context, attempt)
  else if (outcome === 'failure') fail(context, attempt, reasonNamed(reason))
  else if (outcome === 'pending') leavePending(context, attempt)
  else if (outcome === 'drop') drop(context, attempt)
}

// Always 200: browsers report any other status in their console as an error of the page.
function page(reply: FastifyReply, markup: string) {
  return reply.type('text/html; charset=utf-8').send(markup)
}

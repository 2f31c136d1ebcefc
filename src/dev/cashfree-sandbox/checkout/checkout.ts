import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { SandboxContext } from '../context.ts'
import { type Attempt, isLive } from '../ledger.ts'
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
const CONTENT_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'"

/** The hosted checkout, to be registered under /pg/view. Plain forms throughout; no step needs a script. */
export function checkout(world: SandboxContext, settled: () => Promise<void>) {
  return async (app: FastifyInstance) => {
    await app.register(formbody)
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('content-security-policy', CONTENT_POLICY).header('cache-control', 'no-store')
    })

    app.post<{ Body: CheckoutForm | undefined }>('/sessions/checkout', async (request, reply) => {
      return showChoice(reply, openPageSession(world, request.body ?? {}))
    })

    // Building this address is a known mistake; Cashfree answers it with a page that says so.
    app.get('/sessions/checkout/*', async (_request, reply) => page(reply, invalidSessionPage()))

    app.get<{ Params: { visit: string } }>('/visits/:visit', async (request, reply) => {
      return showChoice(reply, pageStateOf(world, request.params.visit))
    })

    app.post<{ Params: { visit: string }; Body: ChosenForm }>('/visits/:visit/pay', async (request, reply) => {
      const standing = pageStateOf(world, request.params.visit)
      if (!standing || !canBePaid(world, standing.order)) return showChoice(reply, standing)
      const choice = readChoice(request.body ?? {})
      if ('mistake' in choice) return page(reply, choosePage(standing.order, request.params.visit, choice))
      const attempt = startAttempt(world, standing.order, choice.method, { visit: request.params.visit })
      if (choice.answer) {
        attempt.settles = { at: attempt.startedAt + world.settings.collectSettleMs, ...choice.answer }
        world.changed()
      }
      return reply.redirect(`/pg/view/gateway/${attempt.token}`, 303)
    })

    app.post<{ Params: { visit: string } }>('/visits/:visit/leave', async (request, reply) => {
      const standing = pageStateOf(world, request.params.visit)
      return standing ? leave(reply, standing, 'closed') : page(reply, invalidSessionPage())
    })

    app.get<{ Params: { token: string } }>('/gateway/:token', async (request, reply) => {
      return showAttempt(reply, world.ledger.tokens.get(request.params.token))
    })

    app.post<{ Params: { token: string } }>('/gateway/:token/leave', async (request, reply) => {
      const attempt = world.ledger.tokens.get(request.params.token)
      if (!attempt) return page(reply, invalidSessionPage())
      return leave(reply, pageStateOfAttempt(world, attempt), 'finished', attempt)
    })

    app.post<{ Body: Verdict | undefined }>('/simulate', async (request, reply) => {
      const form = request.body ?? {}
      const attempt = world.ledger.tokens.get(form.token ?? '')
      if (!attempt || !isLive(attempt)) return showAttempt(reply, attempt)
      if (form.outcome === 'close') return leave(reply, pageStateOfAttempt(world, attempt), 'closed', attempt)
      if (form.outcome === 'otp') {
        const wrongOtp = !takeOtp(world, attempt, form.otp ?? '')
        return showAttempt(reply, attempt, { wrongOtp })
      }
      decide(world, attempt, form)
      if (world.faults.take('webhookBeforeRedirect')) await settled()
      return showAttempt(reply, attempt)
    })

    function showChoice(reply: FastifyReply, standing: PageState | null) {
      if (!standing?.visit) return page(reply, invalidSessionPage())
      const { order, visit } = standing
      if (!canBePaid(world, order)) {
        return page(reply, inactivePage(order, statusOf(order, world.clock.now()), returnUrlOf(standing)))
      }
      const last = order.attempts.findLast((attempt) => attempt.visit === visit.token)
      return page(reply, choosePage(order, visit.token, { notice: last?.status === 'FAILED' ? last.message : null }))
    }

    /** The simulator while an attempt is open; afterwards the customer is sent on, or told why it failed. */
    function showAttempt(reply: FastifyReply, attempt: Attempt | undefined, { wrongOtp = false } = {}) {
      if (!attempt) return page(reply, invalidSessionPage())
      const standing = pageStateOfAttempt(world, attempt)
      if (attempt.status === 'FAILED') return page(reply, failedPage(standing, attempt))
      if (attempt.status !== 'NOT_ATTEMPTED') return leave(reply, standing, 'finished', attempt)
      const url = `${world.publicUrl}/pg/view/gateway/${attempt.token}`
      return page(reply, simulatorPage(standing.order, attempt, { url, wrongOtp, now: world.clock.now() }))
    }

    function leave(reply: FastifyReply, standing: PageState, ending: Ending, attempt: Attempt | null = null) {
      const address = returnUrlOf(standing)
      if (standing.visit?.framed) return page(reply, framedEndPage(standing.order, ending, address))
      if (!address) return page(reply, nowhereToGoPage(standing.order, attempt))
      return reply.redirect(address, 303)
    }
  }
}

function decide(world: SandboxContext, attempt: Attempt, { outcome, reason }: Verdict) {
  if (outcome === 'success') succeed(world, attempt)
  else if (outcome === 'failure') fail(world, attempt, reasonNamed(reason))
  else if (outcome === 'pending') leavePending(world, attempt)
  else if (outcome === 'drop') drop(world, attempt)
}

// Always 200: browsers report any other status in their console as an error of the page.
function page(reply: FastifyReply, markup: string) {
  return reply.type('text/html; charset=utf-8').send(markup)
}

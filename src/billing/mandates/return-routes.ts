import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LRUCache } from 'lru-cache'
import { requireUser } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import type { BillingServices } from '../payments/gateway.ts'
import type { RemoteMandate } from '../payments/mandate-gateway.ts'
import { findOrder } from '../payments/queries.ts'
import { isAutopayInUse } from './in-use.ts'
import { lookAtMandate } from './mandates.ts'
import { findNextDebit } from './next-debit-queries.ts'
import { isCurrent } from './offer.ts'
import { findMandate, type Mandate } from './queries.ts'
import { type KnownMandate, type MandateView, mandateView, seenOf, stageOf } from './view.ts'

declare module '../../web/views.ts' {
  interface Views {
    'billing/mandates/show': { autopay: MandateView }
    'billing/mandates/_changed': { autopay: MandateView }
    'billing/mandates/return': object
  }
}

const ByMandate = Type.Object({ mandate: Type.String({ maxLength: 100 }) })
const Poll = Type.Object({
  seen: Type.Optional(Type.String({ maxLength: 100 })),
  since: Type.Optional(Type.String({ maxLength: 20 })),
})
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Milliseconds for which an answer of Cashfree's is good enough for a poll. */
const freshMs = 4_000

/**
 * /autopay/return/:mandate: leads to Cashfree's page, and is where that page sends its visitor back. What it shows is what Cashfree says
 * of the mandate when it is asked; coming here proves nothing and authenticates nobody.
 */
const routes: FastifyPluginAsyncTypebox<{ services: BillingServices; limit: object }> = async (
  app,
  { services, limit },
) => {
  const { sql } = services
  app.addHook('preValidation', async () => {
    if (!(await isAutopayInUse(services))) throw new AppError('not-found', 'There is nothing at this address.')
  })

  app.get('/autopay/return/:mandate', { schema: { params: ByMandate }, config: limit }, async (request, reply) => {
    const mandate = await mandateIn(request.params.mandate)
    if (!request.user) {
      // Not awaited, so that neither the answer nor its time reveals whether there is one.
      if (mandate && isWaiting(mandate)) ask(mandate, 'return', 0).catch((error) => request.log.warn({ err: error }))
      return reply.page('billing/mandates/return', {})
    }
    const { id } = own(mandate, request.user.id)
    const known = await look(id, 'return', 0)
    return reply.allowCheckout().page('billing/mandates/show', { autopay: await viewOf(known) })
  })

  app.get(
    '/autopay/status/:mandate',
    { preHandler: requireUser, schema: { params: ByMandate, querystring: Poll } },
    async (request, reply) => {
      const { id } = own(await mandateIn(request.params.mandate), request.user!.id)
      const known = await look(id, 'poll', freshMs)
      const { seen, since } = request.query
      if (seenOf(known) === seen) return reply.code(204).header('cache-control', 'no-store').send()
      return reply.page('billing/mandates/_changed', { autopay: await viewOf(known, Number(since)) })
    },
  )

  async function mandateIn(id: string): Promise<Mandate | undefined> {
    return uuid.test(id) ? findMandate(sql, { id }) : undefined
  }

  /** What is known after Cashfree was asked, unless nothing is waited for. */
  async function look(id: string, actor: string, fresh: number): Promise<KnownMandate> {
    const before = await knownAs(id, null)
    return stageOf(before) === 'active' || stageOf(before) === 'ended'
      ? before
      : knownAs(id, await ask(before.mandate, actor, fresh))
  }

  async function knownAs(id: string, remote: RemoteMandate | null): Promise<KnownMandate> {
    const mandate = (await findMandate(sql, { id }))!
    const order = mandate.firstOrderId === null ? null : ((await findOrder(sql, mandate.firstOrderId)) ?? null)
    return { mandate, order, remote }
  }

  async function viewOf(known: KnownMandate, since?: number): Promise<MandateView> {
    const isActive = stageOf(known) === 'active'
    const nextDebit = isActive ? await findNextDebit(sql, known.mandate.userId) : null
    return mandateView(services, known, nextDebit ?? null, since)
  }

  function ask({ subscriptionId }: Mandate, actor: string, fresh: number): Promise<RemoteMandate | null> {
    return once(subscriptionId, fresh, () =>
      lookAtMandate(services, subscriptionId, actor, actor === 'poll' ? 'light' : 'full'),
    )
  }
}
export default routes

function own(mandate: Mandate | undefined, userId: string): Mandate {
  if (mandate?.userId !== userId) throw new AppError('not-found', 'There is nothing at this address.')
  return mandate
}

const isWaiting = (mandate: Mandate) => isCurrent(mandate) && mandate.authorisedAt === null

type Question = { at: number; isRunning: boolean; answer: Promise<RemoteMandate | null> }
const questions = new LRUCache<string, Question>({ max: 10_000 })

/** Asks, unless that is being done already, or was within the last `fresh` milliseconds: tabs and reloads share an answer. */
function once(id: string, fresh: number, asks: () => Promise<RemoteMandate | null>): Promise<RemoteMandate | null> {
  const last = questions.get(id)
  if (last && (last.isRunning || performance.now() - last.at < fresh)) return last.answer
  const question: Question = { at: performance.now(), isRunning: true, answer: asks() }
  questions.set(id, question)
  const done = () => {
    question.isRunning = false
  }
  question.answer.then(done, done)
  return question.answer
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { requireUser } from '../../identity/sessions/guards.ts'
import type { Services } from '../../platform/services.ts'
import type { Subscription } from './queries.ts'
import { subscriptionOf } from './subscriptions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the person, behind `requireAccess`. */
    subscription?: Subscription
  }
}

/**
 * For preHandler: people with access get past, by the database's clock at each request. Visitors log in first; whose access has ended,
 * or never began, is turned away with this sentence.
 */
export function requireAccess({ sql }: Pick<Services, 'sql'>, sentence: string) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    await requireUser(request)
    request.subscription = await subscriptionOf(sql, request.user!.id)
    return request.subscription.hasAccess ? undefined : turnAway(request, reply, sentence)
  }
}

/** Back to the dashboard with a notice of the reason. */
export function turnAway(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  request.session.set('notice', { kind: 'info', text })
  return reply.leaveFor('/dashboard')
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { beginUrgent, heavyPlace } from '../platform/heavy-work.ts'

const places = new WeakMap<FastifyRequest, () => void>()

/**
 * Gives the place of a heavy page back as soon as its answer is made: sending it, at the reader's speed, holds up nobody. To be
 * registered before what makes files while they are sent (downloads.ts), for each piece of those takes a turn of its own:
 * two downloads that kept their places would wait for each other for ever.
 */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onSend', async (request) => places.get(request)?.())
  },
  { name: 'heavy' },
)

/** Every page of this scope is heavy work: it waits for its turn, and is refused with 503 when too many wait. */
export function heavyPages(app: FastifyInstance): void {
  app.addHook('preHandler', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return
    places.set(request, await heavyPlace({ patient: false, isGone: () => request.raw.socket.destroyed }))
  })
}

/** Every request of this scope is urgent: heavy work steps back until it is answered, or its sender has left. */
export function urgentRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.raw.once('close', beginUrgent())
  })
}

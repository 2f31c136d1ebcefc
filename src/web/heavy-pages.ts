import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { beginUrgent, heavyWorkSlot } from '../platform/heavy-work.ts'

const slots = new WeakMap<FastifyRequest, () => void>()

/**
 * Frees the slot of a heavy page as soon as its answer is complete, before it is sent at the reader's speed. To be registered
 * before downloads.ts, where each piece of a file takes a slot of its own: two downloads that kept the slots of their pages would
 * wait for each other for ever.
 */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onSend', (request, _reply, payload, done) => {
      slots.get(request)?.()
      done(null, payload)
    })
  },
  { name: 'heavy-pages' },
)

/** Makes every page of this scope heavy work: it waits for a slot, and is answered 503 when too many wait. */
export function heavyPages(app: FastifyInstance): void {
  app.addHook('preHandler', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return
    slots.set(request, await heavyWorkSlot({ patient: false, isGone: () => request.raw.socket.destroyed }))
  })
}

/** Makes every request of this scope urgent: heavy work pauses until it is answered or its sender disconnects. */
export function urgentRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.raw.once('close', beginUrgent())
  })
}

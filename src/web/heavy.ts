import type { FastifyInstance } from 'fastify'
import { beginUrgent, heavyPlace } from '../platform/heavy-work.ts'

/** Every page of this scope is heavy work: it waits for its turn, and is refused with 503 when too many wait. */
export function heavyPages(app: FastifyInstance): void {
  const places = new WeakMap<object, () => void>()
  app.addHook('preHandler', async (request) => {
    if (request.method === 'GET') places.set(request, await heavyPlace({ patient: false }))
  })
  // The answer is made; sending it, at the reader's speed, holds up nobody.
  app.addHook('onSend', async (request) => places.get(request)?.())
  app.addHook('onResponse', async (request) => places.get(request)?.())
}

/** Every request of this scope is urgent: heavy work steps back until it is answered. */
export function urgentRequests(app: FastifyInstance): void {
  const ends = new WeakMap<object, () => void>()
  app.addHook('onRequest', async (request) => void ends.set(request, beginUrgent()))
  app.addHook('onResponse', async (request) => ends.get(request)?.())
}

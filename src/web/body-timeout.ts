import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** Gives the body of this request so many milliseconds from now on. For handlers that know the sender and expect a large upload. */
    allowBodyFor(ms: number): void
  }
}

/** The longest that a handler may allow, in milliseconds: the server itself ends a request after it. */
export const maxBodyMs = 15 * 60_000

/**
 * Ends requests whose body does not arrive within `ms`, so that slow senders cannot hold connections. Fastify's requestTimeout is
 * the same for all routes; here a handler that expects a large upload may allow more once the sender is authorised.
 */
export default fp<{ ms: number }>(
  async (app, { ms }) => {
    const timers = new WeakMap<object, NodeJS.Timeout>()
    function allow({ raw }: FastifyRequest, forMs: number) {
      clearTimeout(timers.get(raw))
      // As Node's own timeout: answered 408 unless an answer has begun, then closed.
      const late = Object.assign(new Error('the body came too slowly'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
      timers.set(raw, setTimeout(() => app.server.emit('clientError', late, raw.socket), forMs).unref())
    }
    app.decorateRequest('allowBodyFor', function (this: FastifyRequest, forMs: number) {
      if (timers.has(this.raw) && !this.raw.complete) allow(this, Math.min(forMs, maxBodyMs))
    })
    app.addHook('onRequest', (request, _reply, done) => {
      const { raw } = request
      if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined) return done()
      const over = () => clearTimeout(timers.get(raw))
      raw.once('end', over).once('close', over)
      allow(request, ms)
      done()
    })
    // A body that is still arriving after the answer keeps its timer; inject() has no connection to end.
    app.addHook('onResponse', ({ raw }, _reply, done) => {
      if (raw.complete !== false) clearTimeout(timers.get(raw))
      done()
    })
  },
  { name: 'body-timeout' },
)

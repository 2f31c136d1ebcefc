import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** Lets the body of this request arrive for so long from now on. For handlers who know who sends, and that it is much. */
    mayArriveWithin(ms: number): void
  }
}

/** The longest that any handler may allow, in milliseconds: the server itself ends a request after it. */
export const longestBodyMs = 15 * 60_000

/**
 * Ends requests whose body does not arrive within `ms`: a slow sender must not hold a connection for ever. The server's own
 * limit is one for all routes; here a handler that expects a large upload may ask for more once it let the sender in.
 */
export default fp<{ ms: number }>(
  async (app, { ms }) => {
    const timers = new WeakMap<object, NodeJS.Timeout>()
    function allow({ raw }: FastifyRequest, forMs: number) {
      clearTimeout(timers.get(raw))
      // As the server itself would: answered 408 where nothing was answered yet, then closed.
      const late = Object.assign(new Error('the body came too slowly'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
      timers.set(raw, setTimeout(() => app.server.emit('clientError', late, raw.socket), forMs).unref())
    }
    app.decorateRequest('mayArriveWithin', function (this: FastifyRequest, forMs: number) {
      if (timers.has(this.raw) && !this.raw.complete) allow(this, Math.min(forMs, longestBodyMs))
    })
    app.addHook('onRequest', async (request) => {
      const { raw } = request
      if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined) return
      const done = () => clearTimeout(timers.get(raw))
      raw.once('end', done).once('close', done)
      allow(request, ms)
    })
    // What was answered before its body came to an end stays watched; what has no connection to end (inject) does not.
    app.addHook('onResponse', async ({ raw }) => {
      if (raw.complete !== false) clearTimeout(timers.get(raw))
    })
  },
  { name: 'body-deadline' },
)

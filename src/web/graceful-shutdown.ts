import type { Socket } from 'node:net'
import fp from 'fastify-plugin'

/**
 * How long an idle connection is kept open, in milliseconds. Longer than proxies keep theirs (nginx, HAProxy and the large
 * clouds: 60 s at most), because the side that sends the requests must close first: otherwise a request now and then meets a
 * connection that was closed a moment ago.
 */
export const keepAliveMs = 72_000

/** After closing has begun, how long a connection may stay that has not sent anything yet. */
const silentMs = 500

/**
 * Ends the process without leaving a request unanswered. From the moment it is asked to end, every answer closes its connection,
 * so that the next request opens a new one, to another process. With `app.close()` no connection is accepted any more, requests
 * under way are answered, and idle connections are closed.
 */
export default fp<{ isClosing: () => boolean }>(
  async (app, { isClosing }) => {
    const silent = new Set<Socket>()
    let closed = false
    app.server.on('connection', (socket) => {
      silent.add(socket)
      socket.once('close', () => silent.delete(socket))
    })
    app.addHook('onRequest', ({ raw }, _reply, done) => {
      silent.delete(raw.socket)
      done()
    })
    app.addHook('onSend', (_request, reply, payload, done) => {
      if (closed || isClosing()) reply.header('connection', 'close')
      done(null, payload)
    })
    app.addHook('preClose', async () => {
      closed = true
      // Right after sockets were read: a connection whose request has arrived by now is not idle, and stays.
      await new Promise((resolve) => setImmediate(resolve))
      // The server closes idle connections that had a request; for those that never had one, like the ones that browsers
      // open in advance, it would wait a quarter of a minute.
      setTimeout(() => {
        for (const socket of silent) if (socket.bytesRead === 0) socket.destroy()
      }, silentMs).unref()
    })
  },
  { name: 'graceful-shutdown' },
)

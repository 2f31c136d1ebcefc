import type { Socket } from 'node:net'
import fp from 'fastify-plugin'

/**
 * How long a connection is kept when nothing comes over it, in milliseconds. Longer than proxies keep theirs (nginx, HAProxy
 * and the large clouds: 60 s at most), for whoever closes first must be the side that sends the requests: otherwise a
 * request now and then meets a connection that was closed a moment ago.
 */
export const keptMs = 72_000

/** How long a connection over which nothing ever came is waited for, once nobody is let in any more. */
const silentMs = 500

/**
 * The end of a process without an unanswered request. From the moment it was asked to end every answer is the last of its
 * connection, so that whoever comes again comes over a new one, to another process; with `app.close()` nobody new is let
 * in, what is under way is answered, and connections over which nothing comes are closed.
 */
export default fp<{ isClosing: () => boolean }>(
  async (app, { isClosing }) => {
    const silent = new Set<Socket>()
    let closed = false
    app.server.on('connection', (socket) => {
      silent.add(socket)
      socket.once('close', () => silent.delete(socket))
    })
    app.addHook('onRequest', async ({ raw }) => {
      silent.delete(raw.socket)
    })
    app.addHook('onSend', async (_request, reply) => {
      if (closed || isClosing()) reply.header('connection', 'close')
    })
    app.addHook('preClose', async () => {
      closed = true
      // Right after sockets were read: what has arrived by now makes its connection a busy one, which stays.
      await new Promise((resolve) => setImmediate(resolve))
      // The server closes those that had a request; it would wait a quarter of a minute for those that never had one,
      // like the ones that browsers open in advance.
      setTimeout(() => {
        for (const socket of silent) if (socket.bytesRead === 0) socket.destroy()
      }, silentMs).unref()
    })
  },
  { name: 'closing' },
)

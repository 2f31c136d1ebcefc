import type { Server } from 'node:http'

/**
 * Makes Node remember the address of every connection. The operating system forgets it when the connection closes, and a request
 * whose sender has disconnected would have no address for rate limits, sessions and the audit.
 */
export function keepClientAddresses(server: Server): void {
  server.on('connection', (socket) => {
    // Reading the address makes Node cache it. A connection without one has closed already.
    if (socket.remoteAddress === undefined) socket.destroy()
  })
}

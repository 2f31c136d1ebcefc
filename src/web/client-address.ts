import type { Server } from 'node:http'

/**
 * Has Node keep the address of every connection. The system forgets it together with the connection, so that a request whose
 * sender has hung up meanwhile would come from nowhere: limits, sessions and the audit could not say whom it counts for.
 */
export function keepClientAddresses(server: Server): void {
  server.on('connection', (socket) => {
    // Gone before it was let in: nothing that it may have said is from anybody.
    if (socket.remoteAddress === undefined) socket.destroy()
  })
}

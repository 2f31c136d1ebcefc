import { Socket } from 'node:net'

type Address = { path?: string | false; host: string | string[]; port: number | number[] }

/** How much each socket of a pool had sent and received at one moment. */
export type Snapshot = { socket: Socket; read: number; written: number }[]

/**
 * The sockets of a pool, created here so that a dead one can be closed: the driver waits for an answer for as long as the
 * operating system does (a quarter of an hour when packets are lost silently) and sends further statements meanwhile.
 */
export function databaseSockets() {
  const sockets = new Set<Socket>()
  let attempts = 0
  let closing = 0

  /**
   * Closes a few turns of the event loop late. The driver adds its error listener shortly after it received a socket: an
   * immediate failure (no route, not permitted, no file descriptor left) would be unhandled and end the process. And it writes
   * at the end of a turn what was queued during it: a socket that closes before that leaves its bytes behind, and the next
   * connection in its place never sends anything.
   */
  class LateClosingSocket extends Socket {
    override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
      closing++
      afterTurns(2, () => {
        super._destroy(error, done)
        afterTurns(1, () => closing--)
      })
    }
  }

  /** For the driver's `socket` option. What is written before the connection is established is sent once it is. Never throws. */
  function open({ path, host, port }: Address): Socket {
    const hosts = [host].flat()
    const ports = [port].flat()
    const turn = attempts++ % hosts.length
    const name = hosts[turn]!
    const socket = new LateClosingSocket()
    // The driver takes the server name for TLS from here.
    Object.assign(socket, { host: name })
    sockets.add(socket)
    if (path) socket.connect(path)
    else socket.connect(ports[turn] ?? ports[0]!, name)
    socket.once('close', (failed) => {
      sockets.delete(socket)
      // Between an error and this event the driver may have taken another statement, which it would never settle.
      if (failed) socket.emit('error', Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' }))
    })
    // Closed by the other side before any byte (a proxy whose database is gone): without an error the driver reconnects in a
    // tight loop.
    socket.once('end', () => {
      if (socket.bytesRead === 0) socket.destroy(Object.assign(new Error('hung up'), { code: 'ECONNRESET' }))
    })
    return socket
  }

  /** To be called when a statement is handed to the driver. */
  function snapshot(): Snapshot {
    const seen: Snapshot = []
    for (const socket of sockets)
      if (socket.destroyed) sockets.delete(socket)
      else seen.push({ socket, read: socket.bytesRead, written: socket.bytesWritten })
    return seen
  }

  /** Closes every socket that has sent something since and received nothing; the driver opens others when it needs them. */
  function closeSilentSince(before: Snapshot): void {
    for (const { socket, read, written } of before)
      if (!socket.destroyed && socket.bytesRead === read && socket.bytesWritten > written)
        socket.destroy(Object.assign(new Error('the database fell silent'), { code: 'ETIMEDOUT' }))
  }

  return {
    open,
    snapshot,
    closeSilentSince,
    /** While true, nothing may be handed to the driver: it might be put on a socket that is closing. */
    isAnyClosing: () => closing > 0,
  }
}

function afterTurns(turns: number, run: () => void): void {
  setImmediate(() => (turns > 1 ? afterTurns(turns - 1, run) : run()))
}

import { Socket } from 'node:net'

type Address = { path?: string | false; host: string | string[]; port: number | number[] }

/** What the sockets of a pool had said and heard at one moment. */
export type Moment = { socket: Socket; read: number; written: number }[]

/**
 * The sockets of a pool, made by us so that a dead one can be closed: the driver waits for an answer for as long as the
 * operating system does, a quarter of an hour when packets are lost in silence, and sends further statements after the first.
 */
export function databaseSockets() {
  const sockets = new Set<Socket>()
  let attempts = 0
  let going = 0

  /**
   * Goes a few turns of the event loop late. The driver listens for errors a moment after it was handed a socket: what fails
   * at once (no route, not permitted, no file left to open) would find nobody to tell and end the process. And it writes at
   * the end of a turn what it was told during it: a socket that is gone before that leaves its bytes behind, and the next
   * connection in its place never gets to say a word.
   */
  class LateSocket extends Socket {
    override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
      going++
      afterTurns(2, () => {
        super._destroy(error, done)
        afterTurns(1, () => going--)
      })
    }
  }

  /** For the driver's `socket` option: what is written before the connection stands is sent then. Never throws. */
  function open({ path, host, port }: Address): Socket {
    const hosts = [host].flat()
    const ports = [port].flat()
    const turn = attempts++ % hosts.length
    const name = hosts[turn]!
    const socket = new LateSocket()
    // The driver names the server to TLS by this.
    Object.assign(socket, { host: name })
    sockets.add(socket)
    if (path) socket.connect(path)
    else socket.connect(ports[turn] ?? ports[0]!, name)
    socket.once('close', (failed) => {
      sockets.delete(socket)
      // Between an error and this event the driver may have taken another statement, which it would never speak of again.
      if (failed) socket.emit('error', Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' }))
    })
    // Hung up on before a word (a proxy whose database is gone): without an error the driver dials again at once, for ever.
    socket.once('end', () => {
      if (socket.bytesRead === 0) socket.destroy(Object.assign(new Error('hung up'), { code: 'ECONNRESET' }))
    })
    return socket
  }

  /** To be taken when a statement is handed to the driver. */
  function moment(): Moment {
    const seen: Moment = []
    for (const socket of sockets)
      if (socket.destroyed) sockets.delete(socket)
      else seen.push({ socket, read: socket.bytesRead, written: socket.bytesWritten })
    return seen
  }

  /** Closes every socket that has sent something since and heard nothing; the driver opens others when it needs them. */
  function closeSilentSince(before: Moment): void {
    for (const { socket, read, written } of before)
      if (!socket.destroyed && socket.bytesRead === read && socket.bytesWritten > written)
        socket.destroy(Object.assign(new Error('the database fell silent'), { code: 'ETIMEDOUT' }))
  }

  return {
    open,
    moment,
    closeSilentSince,
    /** True for the moment in which nothing may be handed to the driver: it might be put on a socket that is going. */
    isOneGoing: () => going > 0,
  }
}

function afterTurns(turns: number, act: () => void): void {
  setImmediate(() => (turns > 1 ? afterTurns(turns - 1, act) : act()))
}

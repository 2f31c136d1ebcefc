import { connect, type Socket } from 'node:net'

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

  /** For the driver's `socket` option: what is written before the connection stands is sent then. Never throws. */
  function open({ path, host, port }: Address): Socket {
    const hosts = [host].flat()
    const ports = [port].flat()
    const turn = attempts++ % hosts.length
    const name = hosts[turn]!
    const socket = path ? connect(path) : connect(ports[turn] ?? ports[0]!, name)
    // The driver names the server to TLS by this.
    Object.assign(socket, { host: name })
    sockets.add(socket)
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

  return { open, moment, closeSilentSince }
}

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { isIP, Socket } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from 'node:tls'
import type { DatabaseAddress, Server, Tls } from './database-address.ts'

/** How much each socket of a pool had sent and received at one moment. */
export type Snapshot = { socket: Socket; read: number; written: number }[]

/** Where the next connection goes, and what became of the last ones. */
export type ServerChoice = { find: () => Promise<Server>; forget: () => void }

/**
 * The sockets of a pool, created here so that a dead one can be closed: the driver waits for an answer for as long as the
 * operating system does (a quarter of an hour when packets are lost silently) and sends further statements meanwhile.
 * They come encrypted as the address says, and one that leads to a server in recovery, which writes nothing, is closed.
 */
export function databaseSockets({ tls, connectTimeout, pooled }: DatabaseAddress, choice: ServerChoice) {
  const sockets = new Set<Socket>()
  const timeoutMs = (connectTimeout ?? 3) * 1000
  let closing = 0
  let leadingTo: Server | null = null

  /**
   * Closes a few turns of the event loop late. The driver adds its error listener shortly after it received a socket: an
   * immediate failure (no route, not permitted, no file descriptor left) would be unhandled and end the process. And it writes
   * at the end of a turn what was queued during it: a socket that closes before that leaves its bytes behind, and the next
   * connection in its place never sends anything. Nothing is read meanwhile: bytes that arrive at a destroyed socket are thrown as
   * an error of Node's own (`err` is out of range), which would end the process.
   */
  function closingLate<S extends Socket>(socket: S): S {
    const destroy = socket._destroy.bind(socket)
    socket._destroy = (error, done) => {
      closing++
      handleOf(socket)?.readStop()
      afterTurns(2, () => {
        destroy(error, done)
        afterTurns(1, () => closing--)
      })
    }
    return socket
  }

  /** For the driver's `socket` option. What is written before the connection is established is sent once it is. Never throws. */
  async function open(): Promise<Socket> {
    try {
      const server = await choice.find()
      leaveOthers(server)
      const socket = closingLate(new Socket())
      if (server.host.startsWith('/')) socket.connect(`${server.host}/.s.PGSQL.${server.port}`)
      else socket.connect(server.port, server.host)
      const inClear = tls.mode === 'disable' || server.host.startsWith('/')
      // The driver's messages name what it finds here.
      return Object.assign(watched(inClear ? socket : await secured(socket, server)), server)
    } catch (error) {
      // The driver would never use the connection of a factory that failed again.
      return watched(closingLate(new Socket()).destroy(error as Error))
    }
  }

  async function secured(socket: Socket, { host }: Server): Promise<Socket> {
    const timer = setTimeout(() => socket.destroy(failure('ETIMEDOUT', 'no TLS in time')), timeoutMs)
    const closed = new AbortController()
    socket.once('close', () => closed.abort())
    try {
      socket.write(requestForTls)
      const [answer] = (await once(socket, 'data', { signal: closed.signal })) as [Buffer]
      if (answer.toString('latin1') === 'N' && tls.mode === 'prefer') return socket
      if (answer.toString('latin1') !== 'S')
        throw failure('ENOTLS', 'the server has no TLS, which sslmode in DATABASE_URL asks for')
      socket.on('error', () => {})
      const secure = closingLate(connectTls({ socket, ...optionsFor(tls, host) })).on('error', () => {})
      await once(secure, 'secureConnect', { signal: closed.signal })
      return secure
    } catch (error) {
      socket.on('error', () => {}).destroy()
      throw closed.signal.aborted ? (socket.errored ?? failure('ECONNRESET', 'hung up')) : error
    } finally {
      clearTimeout(timer)
    }
  }

  function watched(socket: Socket): Socket {
    sockets.add(socket)
    socket.once('close', (failed) => {
      sockets.delete(socket)
      choice.forget()
      // Between an error and this event the driver may have taken another statement, which it would never settle.
      if (failed) socket.emit('error', failure('ECONNRESET', 'the connection broke'))
    })
    let greeting = ''
    const listen = (bytes: Buffer) => {
      greeting += bytes.toString('latin1')
      if (isOfStandby(greeting) && !pooled) socket.destroy(failure('ERECOVERY', 'the server is in recovery, a replica'))
      else if (isComplete(greeting)) socket.off('data', listen)
    }
    socket.on('data', listen)
    // Closed by the other side before any byte (a proxy whose database is gone): without an error the driver reconnects in a
    // tight loop.
    socket.once('end', () => {
      if (greeting === '') socket.destroy(failure('ECONNRESET', 'hung up'))
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
        socket.destroy(failure('ETIMEDOUT', 'the database fell silent'))
  }

  /** A primary that was not ended goes on taking connections beside the one that was promoted: a pool must not write to both. */
  function leaveOthers(server: Server): void {
    const left = leadingTo
    leadingTo = server
    if (left && left !== server) closeAll()
  }

  /** Closes every socket: the server at its end does not write, so another has to be found. */
  function closeAll(): void {
    for (const socket of sockets)
      if (!socket.destroyed) socket.destroy(failure('ERECOVERY', 'the server does not write'))
  }

  return {
    open,
    snapshot,
    closeSilentSince,
    closeAll,
    /** While true, nothing may be handed to the driver: it might be put on a socket that is closing. */
    isAnyClosing: () => closing > 0,
  }
}

/** Node's own end of the socket; none before it connects and after it was closed. */
function handleOf(socket: Socket): { readStop(): void } | null | undefined {
  return (socket as unknown as { _handle?: { readStop(): void } | null })._handle
}

const requestForTls = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** Of `require` libpq promises no more than that nobody listens: only the two below it ask who the server is. */
function optionsFor(tls: Tls, host: string): ConnectionOptions {
  const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file))
  return {
    ...(isIP(host) ? {} : { servername: host }),
    ca: read(tls.rootCertificate),
    cert: read(tls.certificate),
    key: read(tls.key),
    rejectUnauthorized: tls.mode === 'verify-ca' || tls.mode === 'verify-full',
    checkServerIdentity: (_, certificate) =>
      tls.mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
  }
}

/** A server says in its greeting whether it is in recovery. */
function isOfStandby(greeting: string): boolean {
  return greeting.includes('in_hot_standby\0on\0')
}

/** It is followed by "ready for query"; an error may come in its place. */
function isComplete(greeting: string): boolean {
  return greeting.includes('Z\0\0\0\x05I') || greeting.length > 65_536
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

function afterTurns(turns: number, run: () => void): void {
  setImmediate(() => (turns > 1 ? afterTurns(turns - 1, run) : run()))
}

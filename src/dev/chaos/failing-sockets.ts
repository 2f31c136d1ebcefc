// Loaded before the product (`node --import`) in processes of chaos and fault tests, never by the product itself: connecting,
// sending and looking up fail there with the error code of the moment, as the operating system would make them fail.
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { getSystemErrorMap } from 'node:util'
import type { SocketFault } from './socket-faults.ts'

type DialedSocket = net.Socket & { dialedPort?: unknown; connecting: boolean }
type Callback = (error: Error) => void
type WithWrites = { _writeGeneric(writev: boolean, data: unknown, encoding: unknown, done: Callback): unknown }

/** Holds a JSON list of SocketFault, read at each connect, send and look-up. */
const file = process.env.FAILING_SOCKETS
const numbers = new Map([...getSystemErrorMap()].map(([errno, [code]]) => [code, errno]))

function faultAt(at: SocketFault['at'], to: unknown): SocketFault | undefined {
  if (!file) return undefined
  try {
    const faults = JSON.parse(readFileSync(file, 'utf8')) as SocketFault[]
    return faults.find((fault) => fault.at === at && String(fault.to) === String(to))
  } catch {
    // Being written at this moment.
    return undefined
  }
}

function fail({ code, when }: SocketFault, syscall: string, callback: Callback): void {
  const error = Object.assign(new Error(`${syscall} ${code}`), { code, errno: numbers.get(code) ?? code, syscall })
  if (when === 'at once') callback(error)
  else if (when === 'next tick') process.nextTick(callback, error)
  else setTimeout(callback, 5, error)
}

const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (this: DialedSocket, ...args: unknown[]) {
  // net.connect passes its arguments on as one list.
  const [first] = (Array.isArray(args[0]) ? args[0] : args) as unknown[]
  this.dialedPort = typeof first === 'object' ? (first as { port?: unknown }).port : first
  const fault = faultAt('connect', this.dialedPort)
  if (!fault) return connect.apply(this, args as never)
  this.connecting = true
  fail(fault, 'connect', (error) => this.destroy(error))
  return this
} as never

const sockets = net.Socket.prototype as unknown as WithWrites
const { _writeGeneric: write } = sockets
sockets._writeGeneric = function (this: DialedSocket & WithWrites, writev, data, encoding, done) {
  const fault = this.dialedPort === undefined ? undefined : faultAt('send', this.dialedPort)
  if (!fault) return write.call(this, writev, data, encoding, done)
  fail(fault, 'write', done)
}

const { lookup } = dns
dns.lookup = ((name: string, options: unknown, done?: Callback) => {
  const fault = faultAt('look-up', name)
  if (fault) fail(fault, 'getaddrinfo', (typeof options === 'function' ? options : done) as Callback)
  else lookup(name, options as never, done as never)
}) as never

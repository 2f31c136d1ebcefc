// Loaded before the product (`node --import`) in processes that are made to suffer, and never by the product itself: what
// goes out from them fails with the error number of the moment, as the operating system would fail it.
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { getSystemErrorMap } from 'node:util'
import type { SocketFault } from './socket-faults.ts'

type Dialled = net.Socket & { dialled?: unknown; connecting: boolean }
type Told = (error: Error) => void
type WithWrites = { _writeGeneric(writev: boolean, data: unknown, encoding: unknown, done: Told): unknown }

/** Holds a JSON list of SocketFault, read anew at each connect, send and look-up. */
const file = process.env.FAILING_SOCKETS
const numbers = new Map([...getSystemErrorMap()].map(([errno, [code]]) => [code, errno]))

function faultAt(at: SocketFault['at'], to: unknown): SocketFault | undefined {
  if (!file) return undefined
  try {
    const faults = JSON.parse(readFileSync(file, 'utf8')) as SocketFault[]
    return faults.find((fault) => fault.at === at && String(fault.to) === String(to))
  } catch {
    // It is being written just now.
    return undefined
  }
}

function fail({ code, when }: SocketFault, syscall: string, tell: Told): void {
  const error = Object.assign(new Error(`${syscall} ${code}`), { code, errno: numbers.get(code) ?? code, syscall })
  if (when === 'at once') tell(error)
  else if (when === 'next tick') process.nextTick(tell, error)
  else setTimeout(tell, 5, error)
}

const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (this: Dialled, ...args: unknown[]) {
  // net.connect hands on its arguments as one list.
  const [first] = (Array.isArray(args[0]) ? args[0] : args) as unknown[]
  this.dialled = typeof first === 'object' ? (first as { port?: unknown }).port : first
  const fault = faultAt('connect', this.dialled)
  if (!fault) return connect.apply(this, args as never)
  this.connecting = true
  fail(fault, 'connect', (error) => this.destroy(error))
  return this
} as never

const sockets = net.Socket.prototype as unknown as WithWrites
const { _writeGeneric: write } = sockets
sockets._writeGeneric = function (this: Dialled & WithWrites, writev, data, encoding, done) {
  const fault = this.dialled === undefined ? undefined : faultAt('send', this.dialled)
  if (!fault) return write.call(this, writev, data, encoding, done)
  fail(fault, 'write', done)
}

const { lookup } = dns
dns.lookup = ((name: string, options: unknown, done?: Told) => {
  const fault = faultAt('look-up', name)
  if (fault) fail(fault, 'getaddrinfo', (typeof options === 'function' ? options : done) as Told)
  else lookup(name, options as never, done as never)
}) as never

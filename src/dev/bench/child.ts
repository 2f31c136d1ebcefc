import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'

/** Starts a file of this folder as a process of its own and waits for the first thing it says. */
export async function start<Said>(file: string): Promise<{ child: ChildProcess; said: Said }> {
  const child = fork(join(import.meta.dirname, file), { serialization: 'advanced' })
  const said = await Promise.race([
    once(child, 'message').then(([message]) => message as Said),
    once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended instead of starting`))),
  ])
  return { child, said }
}

/** Ends a process that we started and waits for its end. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 8_000)
  await gone
  clearTimeout(late)
}

/** In the child: tells its parent that it can begin, and ends when the parent is gone. */
export function ready(said: unknown): void {
  process.on('disconnect', () => process.exit(0))
  process.send!(said)
}

/** Listens on any free port of loopback and answers which. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

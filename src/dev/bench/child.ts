import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'

/** Starts a file of this folder as a process of its own and waits for its first message. */
export async function start<Message>(
  file: string,
  execArgv: string[] = process.execArgv,
): Promise<{ child: ChildProcess; message: Message }> {
  const child = fork(join(import.meta.dirname, file), { serialization: 'advanced', execArgv })
  const message = await Promise.race([
    once(child, 'message').then(([first]) => first as Message),
    once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended instead of starting`))),
  ])
  return { child, message }
}

/** Has a file of this folder do a task in a process of its own, so that its memory is that work's alone; what it sends back. */
export async function doneBy<Result>(file: string, task: object, execArgv?: string[]): Promise<Result> {
  const { child } = await start<string>(file, execArgv)
  try {
    child.send(task)
    const [result] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended before its task`))),
    ])
    return result as Result
  } finally {
    await end(child)
  }
}

/** Ends a child process and waits for its end. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 8_000)
  await ended
  clearTimeout(timer)
}

/** In the child: sends its parent the first message, and ends when the parent is gone. */
export function ready(message: unknown): void {
  process.on('disconnect', () => process.exit(0))
  process.send!(message)
}

/** Listens on a free port of loopback and returns it. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

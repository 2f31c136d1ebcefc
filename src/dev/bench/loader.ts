import type { ChildProcess } from 'node:child_process'
import { end, start } from './child.ts'
import type { Load, Loaded } from './load.ts'

/** A process that makes requests; several loads may run in it at once. */
export type Loader = { fire(load: Load): Promise<Loaded>; close(): Promise<void> }

/** Starts one. */
export async function startLoader(): Promise<Loader> {
  const { child } = await start<string>('load.ts')
  let last = 0
  return {
    fire: (load) => {
      const id = ++last
      return new Promise((resolve, reject) => {
        const receive = (answer: { id: number; loaded: Loaded }) => {
          if (answer.id !== id) return
          done()
          resolve(answer.loaded)
        }
        const ended = () => {
          done()
          reject(new Error('the process that makes requests ended'))
        }
        const done = () => stopListening(child, receive, ended)
        child.on('message', receive)
        child.on('exit', ended)
        child.send({ id, load })
      })
    },
    close: () => end(child),
  }
}

function stopListening(
  child: ChildProcess,
  receive: (answer: { id: number; loaded: Loaded }) => void,
  ended: () => void,
): void {
  child.off('message', receive)
  child.off('exit', ended)
}

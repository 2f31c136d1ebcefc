import type { ChildProcess } from 'node:child_process'
import { end, start } from './child.ts'
import type { Load, Loaded } from './load.ts'

/** A process that makes requests; several loads may run in it side by side. */
export type Loader = { fire(load: Load): Promise<Loaded>; close(): Promise<void> }

/** Starts one. */
export async function startLoader(): Promise<Loader> {
  const { child } = await start<string>('load.ts')
  let last = 0
  return {
    fire: (load) => {
      const id = ++last
      return new Promise((resolve, reject) => {
        const hear = (answer: { id: number; loaded: Loaded }) => {
          if (answer.id !== id) return
          done()
          resolve(answer.loaded)
        }
        const gone = () => {
          done()
          reject(new Error('the process that makes requests ended'))
        }
        const done = () => quiet(child, hear, gone)
        child.on('message', hear)
        child.on('exit', gone)
        child.send({ id, load })
      })
    },
    close: () => end(child),
  }
}

function quiet(child: ChildProcess, hear: (answer: { id: number; loaded: Loaded }) => void, gone: () => void): void {
  child.off('message', hear)
  child.off('exit', gone)
}

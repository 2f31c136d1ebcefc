import { setTimeout as sleep } from 'node:timers/promises'
import { isSameProcess, startOf } from './processes.ts'

const checkEveryMs = 500
/** Pauses before the tries of one row; a server that then ran this long begins a new row. */
const pausesS = [0, 0.5, 1, 2, 4, 8, 15, 30, 30, 30]
const steadyMs = 60_000

/** Trying again would not help; the message says why, and what would. */
export class CannotRelaunch extends Error {
  override name = 'CannotRelaunch'
}

/**
 * Watches the server process and, when it is gone (killed, crashed, stopped by somebody), starts it again: after growing
 * pauses, and not for ever. Says once that it is gone and once that it is back, or that it is given up and why.
 * `relaunch` answers the process that runs then; it is handed a signal that ends it early.
 */
export function supervise(given: {
  pid: number
  relaunch: (stopping: AbortSignal) => Promise<number>
  warn: (line: string) => void
}): { stop(): Promise<void> } {
  const { relaunch, warn } = given
  const stopping = new AbortController()
  let server = watched(given.pid)
  let tries = 0
  const ended = watch().catch((error: Error) => warn(`PostgreSQL is watched no longer: ${error.message}`))
  return {
    stop: async () => {
      stopping.abort()
      await ended
    },
  }

  async function watch(): Promise<void> {
    while (await pause(checkEveryMs)) {
      if (isSameProcess(server.pid, server.start)) continue
      if (Date.now() - server.since > steadyMs) tries = 0
      const goneAt = Date.now()
      warn('PostgreSQL is gone: it was killed, or stopped by another program. Starting it again')
      const pid = await again()
      if (pid === null) return
      server = watched(pid)
      warn(`PostgreSQL is back after ${((Date.now() - goneAt) / 1000).toFixed(1)} s`)
    }
  }

  async function again(): Promise<number | null> {
    let reason = 'it fell over again and again'
    while (tries < pausesS.length && (await pause(pausesS[tries++]! * 1000))) {
      try {
        return await relaunch(stopping.signal)
      } catch (error) {
        reason = (error as Error).message
        if (error instanceof CannotRelaunch) break
      }
    }
    if (!stopping.signal.aborted) warn(`PostgreSQL is not started again: ${reason}`)
    return null
  }

  /** False when we are to stop. Keeps no process alive that has nothing else to do. */
  function pause(ms: number): Promise<boolean> {
    return sleep(ms, true, { ref: false, signal: stopping.signal }).catch(() => false)
  }
}

function watched(pid: number) {
  return { pid, start: startOf(pid) ?? '', since: Date.now() }
}

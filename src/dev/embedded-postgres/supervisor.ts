import { setTimeout as sleep } from 'node:timers/promises'
import { isSameProcess, startOf } from './processes.ts'

const checkEveryMs = 500
/** Pauses before the attempts of one series; a server that ran for `steadyMs` begins a new series. */
const pausesS = [0, 0.5, 1, 2, 4, 8, 15, 30, 30, 30]
const steadyMs = 60_000

/** Another attempt would not help; the message says why, and what would. */
export class CannotRelaunch extends Error {
  override name = 'CannotRelaunch'
}

/**
 * Watches the server process and starts it again when it ended (killed, crashed, stopped), after growing pauses and a
 * limited number of times. Warns once that it is gone, and once that it is back or given up, and why. `relaunch` returns
 * the new process id; its signal ends it early.
 */
export function supervise(given: {
  pid: number
  relaunch: (stopping: AbortSignal) => Promise<number>
  warn: (line: string) => void
}): { stop(): Promise<void> } {
  const { relaunch, warn } = given
  const stopping = new AbortController()
  let server = watched(given.pid)
  let attempts = 0
  const ended = watch().catch((error: Error) => warn(`PostgreSQL is no longer watched: ${error.message}`))
  return {
    stop: async () => {
      stopping.abort()
      await ended
    },
  }

  async function watch(): Promise<void> {
    while (await pause(checkEveryMs)) {
      if (isSameProcess(server.pid, server.start)) continue
      if (Date.now() - server.since > steadyMs) attempts = 0
      const goneAt = Date.now()
      warn('PostgreSQL is gone: it was killed, or stopped by another program. Starting it again')
      const pid = await relaunchWithPauses()
      if (pid === null) return
      server = watched(pid)
      warn(`PostgreSQL is back after ${((Date.now() - goneAt) / 1000).toFixed(1)} s`)
    }
  }

  async function relaunchWithPauses(): Promise<number | null> {
    let reason = 'it ended after every start'
    while (attempts < pausesS.length && (await pause(pausesS[attempts++]! * 1000))) {
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

  /** False when the supervisor is stopped. Does not keep the process alive. */
  function pause(ms: number): Promise<boolean> {
    return sleep(ms, true, { ref: false, signal: stopping.signal }).catch(() => false)
  }
}

function watched(pid: number) {
  return { pid, start: startOf(pid) ?? '', since: Date.now() }
}

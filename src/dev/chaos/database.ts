import { setTimeout as pause } from 'node:timers/promises'
import { type EmbeddedPostgres, startPostgres } from '../embedded-postgres/postgres.ts'
import { childrenOf, isAlive, signalProcess } from '../embedded-postgres/processes.ts'
import { findServer } from '../embedded-postgres/server.ts'

export type Database = {
  url: string
  /** Suspends every process of the server for so long. */
  freeze(ms: number): Promise<void>
  /** Ends it as a power cut would (immediate shutdown), and starts it again on the same port after `downMs`. */
  cutPower(downMs: number): Promise<void>
  stop(): Promise<void>
}

/** Starts a PostgreSQL in this folder that can be suspended and cut off. */
export async function startDatabase(folder: string): Promise<Database> {
  const options = { checkout: folder, dataDir: folder, relaunch: false }
  const started: EmbeddedPostgres[] = [await startPostgres(options)]
  const { url, port, dataDir } = started[0]!
  const pidNow = async () => (await findServer(dataDir))?.pid

  return {
    url,
    async freeze(ms) {
      const pid = await pidNow()
      if (!pid) return
      // The postmaster first, so that it starts no child meanwhile.
      signalProcess(pid, 'SIGSTOP')
      const frozen = [pid, ...childrenOf(pid)]
      for (const each of frozen) signalProcess(each, 'SIGSTOP')
      await pause(ms)
      for (const each of frozen.reverse()) signalProcess(each, 'SIGCONT')
    },
    async cutPower(downMs) {
      const pid = await pidNow()
      if (pid) {
        signalProcess(pid, 'SIGQUIT')
        for (let i = 0; i < 250 && isAlive(pid); i++) await pause(20)
      }
      await pause(downMs)
      started.push(await startPostgres({ ...options, port }))
    },
    async stop() {
      for (const handle of started) await handle.stop()
    },
  }
}

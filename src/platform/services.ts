import type { Config } from './config.ts'
import type { Sql } from './db.ts'
import type { Log } from './log.ts'

/** What every slice is given to work with; start.ts and the tests build it. Types only. */
export type Services = {
  config: Config
  sql: Sql
  log: Log
  /**
   * Tells a job (its name in operations/jobs/jobs.ts) that there is work now. Never throws and is never waited for: a sweep
   * finds what a lost wake missed.
   */
  wake: (job: string) => void
}

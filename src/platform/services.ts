import type { Config } from './config.ts'
import type { Sql } from './db.ts'
import type { Log } from './log.ts'

/** What every slice works with; start.ts and the tests build it. */
export type Services = {
  config: Config
  sql: Sql
  log: Log
  /**
   * Wakes a job (by its name in operations/jobs/jobs.ts) because there is work now. Never throws and is never awaited: the
   * job's regular run finds what a lost wake missed.
   */
  wake: (job: string) => void
}

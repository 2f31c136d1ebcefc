import type { Gateway } from './billing/payments/gateway.ts'
import type { Config } from './platform/config.ts'
import type { Sql } from './platform/db.ts'
import type { Log } from './platform/log.ts'

/** What slices are given to work with; start.ts and the tests build it. Types only. */
export type Deps = {
  config: Config
  sql: Sql
  gateway: Gateway
  log: Log
  /**
   * Tells a job (its name in tasks/jobs.ts) that there is work now. Never throws and is never waited for: a sweep finds
   * what a lost wake missed.
   */
  wake: (job: string) => void
}

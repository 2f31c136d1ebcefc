import type { Config } from '../../platform/config.ts'

/** What the doctor checks: the settings, and what they point to. */
export type DoctorContext = {
  config: Config
  databaseUrl: string
  /** True where the embedded part stands in: it runs only while the site does, so no answer is no failure. */
  standIn: { cashfree: boolean; mail: boolean }
  /** The checkout. */
  root: string
  backupDir: string
}

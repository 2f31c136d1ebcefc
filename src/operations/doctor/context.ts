import type { Config } from '../../platform/config.ts'

/** What the doctor looks at: the settings, and where the parts are that they lead to. */
export type DoctorContext = {
  config: Config
  databaseUrl: string
  /** True where the embedded part stands in: it runs only while the site does, so silence is no failure. */
  standIn: { cashfree: boolean; mail: boolean }
  /** The checkout. */
  root: string
  backupDir: string
}

import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Ledger } from './ledger.ts'
import type { Settings } from './settings.ts'

/** What every part of the sandbox needs: one object, passed by hand. */
export type SandboxContext = {
  clientId: string
  clientSecret: string
  publicUrl: string
  /** The endpoint "configured in the dashboard"; null for none. */
  webhookUrl: string | null
  /** The endpoint of the dashboard's own tab for subscriptions; null for none. */
  subscriptionWebhookUrl: string | null
  webhooksPaused: boolean
  settings: Settings
  clock: Clock
  ledger: Ledger
  faults: Faults
  /** Webhooks that are being sent. */
  inFlight: Set<Promise<void>>
  /** Fires when the sandbox closes; everything that waits stops then. */
  closing: AbortSignal
  log: (line: string) => void
  /** To be called after every change: schedules the next event and the next snapshot. */
  changed: () => void
}

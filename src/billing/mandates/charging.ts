import { isDatabaseDown } from '../../platform/db.ts'
import { noteRefusedKeys } from '../../records/incidents/incidents.ts'
import { insertIncident } from '../../records/incidents/queries.ts'
import { type BillingServices, GatewayRefused, GatewayUnavailable } from '../payments/gateway.ts'
import { listUnraisedCharges, mayRaiseCharges, openDueCharges } from './charge-queries.ts'
import { raiseCharge, refreshMandate } from './mandates.ts'
import { leaseMandatesToLookAt, postponeMandateLook } from './queries.ts'

/** Charges that one statement opens at most: it holds the locks of their people until it commits. */
const openedAtOnce = 50
/** Charges and mandates of one run: Cashfree answers fewer than sixty questions a minute. */
const maxPerRun = 500
const leasedAtOnce = 20
const atOnce = 3
/** After so many that Cashfree did not answer, one after the other, the rest waits for the next run. */
const mostSilent = 10

/**
 * The job that debits: opens the charges that are due and asks Cashfree for each that it has not accepted, between 09:00 and 20:30 in
 * India. Where Cashfree limits the calls, it goes on when it may. Returns how many Cashfree accepted.
 */
export async function raiseCharges(services: BillingServices): Promise<number> {
  const { sql } = services
  if (!(await mayRaiseCharges(sql))) return 0
  for (let opened = openedAtOnce; opened === openedAtOnce; ) {
    const due = await openDueCharges(sql, openedAtOnce, 'clock')
    opened = due.filter(({ state }) => state === 'opened').length
    for (const { mandateId, state } of due)
      if (state.startsWith('error: ')) await isToldOf(services, mandateId, new Error(state), { mandate: mandateId })
  }
  const waiting = await listUnraisedCharges(sql, maxPerRun)
  return unlessStopped(services, 'raise-charges', waiting, {
    ask: async (paymentId) => (await raiseCharge(services, paymentId, 'clock')) === 'asked',
    // It stays unraised, and the next run tries again, with the same key.
    postpone: async () => {},
    about: (paymentId) => ({ orderId: paymentId }),
  })
}

/**
 * The job that asks Cashfree about mandates and charges whose look is due, so that nothing depends on webhooks: open charges every half
 * hour on their day, mandates daily. Returns how many it heard about.
 */
export async function lookAtMandates(services: BillingServices): Promise<number> {
  let heard = 0
  for (let tried = 0; tried < maxPerRun; ) {
    const due = await leaseMandatesToLookAt(services.sql, leasedAtOnce)
    const answered = await unlessStopped(services, 'look-at-mandates', due, {
      ask: async (subscriptionId) => {
        await refreshPatiently(services, subscriptionId, 'reconciler')
        return true
      },
      postpone: (subscriptionId) => postponeMandateLook(services.sql, subscriptionId, 600),
      about: (mandate) => ({ mandate }),
    })
    heard += answered
    tried += due.length
    // Those that Cashfree was not asked about are leased for a minute.
    if (due.length < leasedAtOnce || answered < due.length) break
  }
  return heard
}

/**
 * Makes a mandate agree with Cashfree where nobody waits for a page: on the day of a thousand debits it answers sixty questions a minute,
 * and people have the first word. Debits of a mandate that is not authorised are not read by a patient question: it is asked once more.
 */
export async function refreshPatiently(
  services: BillingServices,
  subscriptionId: string,
  actor: string,
): Promise<string> {
  const { outcome } = await refreshMandate(services, subscriptionId, actor, 'patient')
  if (outcome !== 'unverified') return outcome
  return (await refreshMandate(services, subscriptionId, actor)).outcome
}

/** `ask` says whether it is to be counted; `postpone` is for what failed by itself, and `about` says whose it is: the incident shows that. */
type Asking = {
  ask: (id: string) => Promise<boolean>
  postpone: (id: string) => Promise<void>
  about: (id: string) => object
}

/**
 * Asks Cashfree about one after the other, a few at a time, until it limits the calls, is silent or refuses our keys; where it says when
 * it may be asked again, the job is woken then. One that fails by itself does not stop the others. Returns how many were asked about.
 */
async function unlessStopped(
  services: BillingServices,
  job: string,
  ids: string[],
  { ask, postpone, about }: Asking,
): Promise<number> {
  let asked = 0
  let silent = 0
  let stopped = false
  const next = ids.values()
  const lane = async () => {
    for (const id of next) {
      if (stopped) return
      try {
        if (await ask(id)) asked++
        silent = 0
      } catch (error) {
        if (error instanceof GatewayUnavailable) {
          stopped ||= error.retryAfterS !== null || ++silent >= mostSilent
          if (error.retryAfterS !== null) wakeLater(services, job, error.retryAfterS)
        } else if (error instanceof GatewayRefused) {
          stopped = true
          await noteRefusedKeys(services.sql, error.status)
        } else if (await isToldOf(services, id, error, about(id))) await postpone(id)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return asked
}

const timers = new Map<string, NodeJS.Timeout>()

/** A later call in this process replaces the timer. */
function wakeLater(services: BillingServices, job: string, seconds: number): void {
  clearTimeout(timers.get(job))
  timers.set(job, setTimeout(() => services.wake(job), Math.max(seconds, 1) * 1000).unref())
}

/** Opens an incident; false where the database is the cause. */
async function isToldOf({ sql, log }: BillingServices, id: string, error: unknown, about: object): Promise<boolean> {
  log.error({ ...about, err: error }, 'a mandate or its charge could not be settled')
  if (isDatabaseDown(error)) return false
  // `at` makes a later failure differ from one that was resolved.
  await insertIncident(sql, 'settling-fails', id, { ...about, at: new Date().toISOString() })
  return true
}

import { setTimeout as pause } from 'node:timers/promises'
import type { Sql } from '../../platform/db.ts'
import type { AppProcess } from './app-process.ts'
import { countUnfinished, letTimePass, listRecordedOrders } from './queries.ts'
import type { Surroundings } from './surroundings.ts'

const quietLimitMs = 90_000

type Parts = Pick<Surroundings, 'sandbox' | 'mails'> & { sql: Sql; apps: readonly AppProcess[] }

/** Ends the look-alikes' faults and waits until jobs and Cashfree's retries have finished all work. Returns the seconds that took. */
export async function waitForQuiet({ sql, sandbox, mails, apps }: Parts): Promise<number> {
  sandbox.control.clearFaults()
  await mails.open()
  for (const app of apps) await app.untilReady()
  const began = Date.now()
  let aDayPassed = false
  for (let quiet = 0; quiet < 2 && Date.now() - began < quietLimitMs; ) {
    await letTimePass(sql, !aDayPassed, new Date(began)).then(
      () => (aDayPassed = true),
      () => {},
    )
    await pause(1_500)
    quiet = (await isQuiet({ sql, sandbox }).catch(() => false)) ? quiet + 1 : 0
  }
  return (Date.now() - began) / 1000
}

async function isQuiet({ sql, sandbox }: Pick<Parts, 'sql' | 'sandbox'>): Promise<boolean> {
  if ((await countUnfinished(sql)) > 0) return false
  const { orders, deliveries } = sandbox.control.state()
  if (deliveries.some(({ state }) => state === 'waiting' || state === 'sending')) return false
  const recorded = new Map((await listRecordedOrders(sql)).map((order) => [order.id, order]))
  const refundsKnown = orders.every(({ id, refunds }) => refunds.length === 0 || recorded.get(id)?.refunded)
  return refundsKnown && orders.every(({ id, status }) => status !== 'PAID' || recorded.get(id)?.paid)
}

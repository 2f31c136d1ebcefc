import type { Sql } from '../../platform/db.ts'
import { computeDays, findSnapshot, listDays, takeSnapshot } from './queries.ts'

/** What happened on one Indian day ("2026-11-20"); see migration 0010 for what each figure counts. */
export type Day = {
  day: string
  registered: number
  opened: number
  paid: number
  grossPaise: number
  refunds: number
  refundedPaise: number
  attemptsPaid: number
  attemptsFailed: number
  failures: Record<string, number>
  joined: number
  returned: number
  churned: number
  rescued: number
  rescuedPaise: number
  /** Disputes opened on the day, and disputed money lost on it. */
  disputed: number
  disputedPaise: number
  lost: number
  lostPaise: number
}

/** Counts over everybody. Amounts are paise a month; `funnel` is of who registered in the last thirty Indian days. */
export type SubscriberCounts = {
  payers: number
  granted: number
  byPlan: Record<string, number>
  mrrPaise: number
  mrrBeforePaise: number
  newPaise: number
  returnedPaise: number
  churnedPaise: number
  changedPaise: number
  funnel: { registered: number; opened: number; tried: number; paid: number; waiting: number }
}

export type Snapshot = { takenAt: Date; standing: SubscriberCounts }

/** Days computed in one run: today, yesterday, and a share of those that are missing or from before midnight. */
const daysARun = 40
const daysAtOnce = 8

/**
 * The job: counts everybody, computes today and yesterday anew, and a share of the last 400 days, until all of them were
 * computed since midnight. Returns how many days it computed.
 */
export async function recordDailyMetrics(sql: Sql, most = daysARun): Promise<number> {
  await takeSnapshot(sql)
  let computed = await computeDays(sql, Math.min(daysAtOnce, most))
  // A round always holds today and yesterday again: it goes on while it finds more than those.
  for (let last = computed; last > 2 && computed < most; computed += last)
    last = await computeDays(sql, Math.min(daysAtOnce, most))
  return computed
}

/** The kept figures with their age; computed now where there are none yet, as on the first visit to a new database. */
export async function dailyMetrics(sql: Sql, days: number): Promise<Snapshot & { days: Day[] }> {
  if (!(await findSnapshot(sql))) await recordDailyMetrics(sql)
  const [snapshot, kept] = await Promise.all([findSnapshot(sql), listDays(sql, days)])
  return { ...snapshot!, days: kept }
}

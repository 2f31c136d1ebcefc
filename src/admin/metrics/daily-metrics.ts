import type { Sql } from '../../platform/db.ts'
import { computeDays, type Day, findSnapshot, listDays, type Snapshot, takeSnapshot } from './queries.ts'

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
  // Every round computes today and yesterday again: there is more to do while it computes more than those.
  for (let last = computed; last > 2 && computed < most; computed += last)
    last = await computeDays(sql, Math.min(daysAtOnce, most))
  return computed
}

/** The stored metrics with their age; computed now where there are none yet, as on the first visit to a new database. */
export async function dailyMetrics(sql: Sql, days: number): Promise<Snapshot & { days: Day[] }> {
  if (!(await findSnapshot(sql))) await recordDailyMetrics(sql)
  const [snapshot, kept] = await Promise.all([findSnapshot(sql), listDays(sql, days)])
  return { ...snapshot!, days: kept }
}

import type { Sql } from '../../platform/db.ts'
import type { Day, Snapshot } from './daily-metrics.ts'

/**
 * Computes and keeps the newest days that nobody computed since midnight, at most so many; today and yesterday are always
 * among them. Returns how many there were.
 */
export async function computeDays(sql: Sql, most: number): Promise<number> {
  const rows = await patiently(sql, `select keep_day(day) from days_to_compute(${Math.floor(most)}) as day`)
  return rows.length
}

/** Counts everybody, and keeps it in place of the last count. */
export async function takeSnapshot(sql: Sql): Promise<void> {
  await patiently(sql, 'select take_snapshot()')
}

/** The last count; none before the first. */
export async function findSnapshot(sql: Sql): Promise<Snapshot | undefined> {
  const [row] = await sql<Snapshot[]>`select taken_at, figures as standing from figure_snapshot`
  return row
}

/** The days that were computed of the last so many, the oldest first. Days are Indian. */
export async function listDays(sql: Sql, count: number): Promise<Day[]> {
  return sql<Day[]>`
    select day::text as day, registered, opened, paid, gross_paise, refunds, refunded_paise, attempts_paid, attempts_failed,
           failures, joined, returned, churned, rescued, rescued_paise, coalesce(disputes, 0) as disputed,
           coalesce(disputed_paise, 0) as disputed_paise, coalesce(lost, 0) as lost, coalesce(lost_paise, 0) as lost_paise
    from daily_figures
    where day > (now() at time zone 'Asia/Kolkata')::date - ${count}::int
    order by daily_figures.day
  `
}

/** Several statements in one message are one transaction: the limit set in it ends with it. */
async function patiently(sql: Sql, question: string): Promise<unknown[]> {
  const results = (await sql.unsafe(`set local statement_timeout = '1min'; ${question}`)) as unknown as unknown[][]
  return results.at(-1)!
}

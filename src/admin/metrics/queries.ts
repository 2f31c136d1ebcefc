import type { Sql } from '../../platform/db.ts'

/** What happened on one Indian day ("2026-11-20"); see migration 0010 for what each number counts. */
export type Day = {
  day: string
  registered: number
  opened: number
  paid: number
  grossPaise: number
  refunds: number
  refundedPaise: number
  /** Of the orders opened on the day that somebody tried to pay and that have ended: all, and those that were paid. */
  ordersTried: number
  ordersSucceeded: number
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
  /** Who cancelled in the last thirty days, by reason ('': none given); a count of an earlier release has none. */
  leaving?: Record<string, number>
  /** Where there is, or was, a mandate: metrics.sql of mandates says what each number counts. */
  autopay?: {
    standing: number
    first: { paid: number; failed: number; laterThatDay: number }
    retry: { paid: number; failed: number; paise: number }
    lost: Record<string, number>
    left: Record<string, number>
  }
  funnel: { registered: number; opened: number; tried: number; paid: number; waiting: number }
}

/** The last count over everybody. */
export type Snapshot = { takenAt: Date; counts: SubscriberCounts }

/**
 * Computes and stores the newest days that nobody computed since midnight, at most so many; today and yesterday are always
 * among them. Returns how many there were.
 */
export async function computeDays(sql: Sql, most: number): Promise<number> {
  const rows = await queryForAMinute(sql, `select keep_day(day) from days_to_compute(${Math.floor(most)}) as day`)
  return rows.length
}

/** Counts everybody, and stores it in place of the last count. */
export async function takeSnapshot(sql: Sql): Promise<void> {
  await queryForAMinute(sql, 'select take_snapshot()')
}

/** The last count; none before the first. */
export async function findSnapshot(sql: Sql): Promise<Snapshot | undefined> {
  const [row] = await sql<Snapshot[]>`select taken_at, figures as counts from figure_snapshot`
  return row
}

/** The days that were computed of the last so many, the oldest first. Days are Indian. */
export async function listDays(sql: Sql, count: number): Promise<Day[]> {
  return sql<Day[]>`
    select day::text as day, registered, opened, paid, gross_paise, refunds, refunded_paise, attempts_paid, attempts_failed,
           coalesce(orders_tried, 0) as orders_tried, coalesce(orders_succeeded, 0) as orders_succeeded, failures, joined,
           returned, churned, rescued, rescued_paise, coalesce(disputes, 0) as disputed,
           coalesce(disputed_paise, 0) as disputed_paise, coalesce(lost, 0) as lost, coalesce(lost_paise, 0) as lost_paise
    from daily_figures
    where day > (now() at time zone 'Asia/Kolkata')::date - ${count}::int
    order by daily_figures.day
  `
}

/** Several statements in one message are one transaction: the limit set in it ends with it. */
async function queryForAMinute(sql: Sql, text: string): Promise<unknown[]> {
  const results = (await sql.unsafe(`set local statement_timeout = '1min'; ${text}`)) as unknown as unknown[][]
  return results.at(-1)!
}

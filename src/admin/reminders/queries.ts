import type { Sql } from '../../platform/db.ts'

/** What came of one step of a ladder in a month; amounts in paise. */
export type StepMetrics = {
  ladder: 'renewal' | 'rescue'
  step: string
  written: number
  sent: number
  opened: number
  paid: number
  paidPaise: number
}

/** Every step of an Indian month ("2026-11"): reminders that were written in it, and what came of them since. */
export async function listStepMetrics(sql: Sql, month: string): Promise<StepMetrics[]> {
  const first = sql`(${`${month}-01`}::date)::timestamp at time zone 'Asia/Kolkata'`
  return sql<StepMetrics[]>`
    select r.ladder, r.step, count(*)::int as written, count(r.opened_at)::int as opened, count(r.paid_at)::int as paid,
           count(*) filter (where exists (
             select from mails m where m.kind = r.ladder and m.subject_key = r.user_id || ':' || r.about || ':' || r.step
               and m.status = 'sent'))::int as sent,
           coalesce(sum(o.amount_paise) filter (where r.paid_at is not null), 0)::float8 as paid_paise
    from reminders r
    left join orders o on o.id = r.paid_order_id
    where r.queued_at >= ${first} and r.queued_at < (${`${month}-01`}::date + interval '1 month') at time zone 'Asia/Kolkata'
    group by r.ladder, r.step
  `
}

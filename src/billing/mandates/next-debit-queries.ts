import type { Sql } from '../../platform/db.ts'

/** Whether anybody has a mandate that is not over. */
export async function haveMandates(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ have: boolean }[]>`select exists (select from mandates where ended_at is null) as have`
  return row!.have
}

/** What Autopay debits next: `day` is the midnight in India at which its day begins; `paymentId` is null until the charge is opened. */
export type NextDebit = {
  day: Date
  planTitle: string
  amountPaise: number
  isAboveCeiling: boolean
  paymentId: string | null
}

/**
 * The next debit under a person's mandate: the charge that is open, else what will be charged when their period ends (or once more after
 * it failed), at the price that is announced for then. Undefined where there is none to come: no mandate is active, they left, nothing is
 * on sale, it failed for good or was called off.
 */
export async function findNextDebit(sql: Sql, userId: string): Promise<NextDebit | undefined> {
  const [row] = await sql<NextDebit[]>`
    select start_of_day_in_india(coalesce(c.scheduled_on, next_debit_day(m, s.current_period_end))) as day,
           coalesce(charged.title, plan.title) as plan_title, due.paise as amount_paise, due.paise > m.max_paise as is_above_ceiling, c.payment_id
    from mandates m
    join subscriptions s on s.user_id = m.user_id
    left join mandate_charges c on c.mandate_id = m.id and c.final_at is null and c.withdrawn_why is null
    left join orders o on o.id = c.payment_id
    left join plans charged on charged.key = o.plan_key
    left join lateral plan_for(m.user_id, plan_to_charge(s)) plan on true
    -- A charge is opened up to three days before its period begins, at the price of that day.
    left join lateral price_to_come(m.user_id, plan.key) next on next.starts_at <= s.current_period_end - interval '3 days'
    cross join lateral (select coalesce(c.paise, next.price_paise, plan.price_paise) as paise) due
    where m.user_id = ${userId} and m.status = 'ACTIVE' and m.ended_at is null and m.cancel_asked_at is null and due.paise is not null
      and (c.payment_id is not null
           or (s.cancel_requested_at is null and next_debit_day(m, s.current_period_end) is not null))
  `
  return row
}

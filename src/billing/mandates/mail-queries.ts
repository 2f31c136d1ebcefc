import type { Sql } from '../../platform/db.ts'
import type { Mandate } from './queries.ts'

/** Why nothing came of a debit, in the classes of failure_class (charge-days.sql), and three that it does not know. */
export type DebitFailure = 'balance' | 'retry' | 'new-mandate' | 'customer' | 'declined' | 'refused' | 'unknown'

/** A charge as its mails show it. `day` and `retryOn` are Indian midnights, `reference` is by which bank and UPI app know the mandate. */
export type ToldCharge = {
  mandateId: string
  paise: number
  day: Date
  periodStart: Date
  planTitle: string
  reference: string
  isComing: boolean
  /** Whether the period that it was for is still to be paid. */
  isDue: boolean
  failure: DebitFailure
  retryOn: Date | null
  /** Of the reminder that stands behind its failure (queue_failure_mail). */
  reminderKey: string
  graceEndsAt: Date
}

/** The charge that a mail is about. */
export async function findToldCharge(sql: Sql, paymentId: string): Promise<ToldCharge | undefined> {
  const [row] = await sql<ToldCharge[]>`
    select c.mandate_id, c.paise, start_of_day_in_india(c.scheduled_on) as day, c.period_start, plan.title as plan_title,
           coalesce(m.umn, m.subscription_id) as reference,
           c.final_at is null and c.withdrawn_why is null and not is_decided(c.status) as is_coming,
           c.status <> 'SUCCESS' and s.current_period_end = c.period_start as is_due,
           case when c.withdrawn_why = 'refused' then 'refused'
                when c.status = 'CANCELLED' then 'declined'
                when lacks_balance(c.failure_reason) then 'balance'
                else coalesce(failure_class(c.failure_reason), 'unknown') end as failure,
           start_of_day_in_india(debit_to_come(m, c.period_start)) as retry_on,
           concat_ws(':', m.user_id, day_in_india(c.period_start), 'autopay-' || c.attempt) as reminder_key,
           c.period_start + grace_period() as grace_ends_at
    from mandate_charges c
    join mandates m on m.id = c.mandate_id
    join subscriptions s on s.user_id = m.user_id
    join orders o on o.id = c.payment_id
    join plans plan on plan.key = o.plan_key
    where c.payment_id = ${paymentId}
  `
  return row
}

/** A mandate as its mails show it: `firstDebitOn` is when it debits next (an Indian midnight), `accessUntil` null where there is none. */
export type ToldMandate = Pick<
  Mandate,
  'status' | 'maxPaise' | 'consentText' | 'refundAuthorisation' | 'authorisationPaise' | 'endedAt' | 'endedBy'
> & { reference: string; payerAddress: string | null; nextDebitOn: Date | null; accessUntil: Date | null }

/** The mandate that a mail is about. */
export async function findToldMandate(sql: Sql, id: string): Promise<ToldMandate | undefined> {
  const [row] = await sql<ToldMandate[]>`
    select m.status, m.max_paise, m.consent_text, m.refund_authorisation, m.authorisation_paise, m.ended_at, m.ended_by, m.payer_address,
           coalesce(m.umn, m.subscription_id) as reference,
           start_of_day_in_india(debit_to_come(m, s.current_period_end)) as next_debit_on,
           case when has_access(s) then s.current_period_end end as access_until
    from mandates m
    join subscriptions s on s.user_id = m.user_id
    where m.id = ${id}
  `
  return row
}

/** Whether what follows somebody's period is going to be debited, so that nobody needs to ask them for it. */
export async function isDebitToCome(sql: Sql, userId: string): Promise<boolean> {
  const [row] = await sql<{ is: boolean }[]>`
    select exists (
      select from mandates m join subscriptions s on s.user_id = m.user_id
      where m.user_id = ${userId} and m.ended_at is null and debit_to_come(m, s.current_period_end) is not null
    ) as is
  `
  return row!.is
}

import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A debit under a mandate. `paymentId` is also the id of the order that it pays; `scheduledOn` is the Indian day, "2026-12-09". */
export type Charge = {
  paymentId: string
  mandateId: string
  periodStart: Date
  attempt: number
  paise: number
  scheduledOn: string
  idempotencyKey: string
  createdAt: Date
  askedAt: Date | null
  raisedAt: Date | null
  noticedAt: Date | null
  status: string
  retries: number
  failureReason: string | null
  withdrawnWhy: string | null
  cancelAskedAt: Date | null
  finalAt: Date | null
}

/** A charge that is due, or why it was not opened; see open-due-charges.sql. */
export type DueCharge = {
  mandateId: string
  userId: string
  state: 'opened' | 'above-ceiling' | 'no-plan' | 'under-way' | 'busy' | (string & {})
  paymentId: string | null
  paise: number | null
  scheduledOn: string
  periodStart: Date
}

/** What to ask Cashfree for, or why not; see begin_charge. */
export type BegunCharge =
  | {
      refusal: null
      subscriptionId: string
      paymentId: string
      idempotencyKey: string
      paise: number
      scheduledOn: string
    }
  | { refusal: 'over' | 'raised' | 'late' | 'withdrawn'; subscriptionId: string | null }

/** Opens what is due now, at most so many charges: open-due-charges.sql. */
export async function openDueCharges(sql: Sql, limit: number, actor: string): Promise<DueCharge[]> {
  return sql<DueCharge[]>`
    select mandate_id, user_id, state, payment_id, paise, scheduled_on::text as scheduled_on, period_start
    from open_due_charges(${limit}, ${actor})
  `
}

/** Payment ids of charges that Cashfree has not accepted yet, the oldest first. */
export async function listUnraisedCharges(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ paymentId: string }[]>`
    select payment_id from mandate_charges where raised_at is null and final_at is null order by created_at limit ${limit}
  `
  return rows.map(({ paymentId }) => paymentId)
}

/** Whether it is the time of day at which charges are raised: charge-days.sql. */
export async function mayRaiseCharges(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ may: boolean }[]>`select charges_may_be_raised(now()) as may`
  return row!.may
}

/** Notes that Cashfree is asked for a charge now, or withdraws it: open-due-charges.sql. */
export async function beginCharge(sql: Sql, paymentId: string, actor: string): Promise<BegunCharge> {
  const [row] = await sql<BegunCharge[]>`
    select refusal, subscription_id, (charge).payment_id, (charge).idempotency_key, (charge).paise,
           (charge).scheduled_on::text as scheduled_on
    from begin_charge(${paymentId}, ${actor})
  `
  return row!
}

/** Cashfree refused a charge and has none of this id. */
export async function noteChargeRefused(sql: Sql, paymentId: string, code: string, actor: string): Promise<void> {
  await sql`select note_charge_refused(${paymentId}, ${code}, ${actor})`
}

/** A new key for the next call that asks for a charge. Its id stays. */
export async function renewChargeKey(sql: Sql, paymentId: string): Promise<void> {
  await sql`
    update mandate_charges set idempotency_key = gen_random_uuid() where payment_id = ${paymentId} and raised_at is null
  `
}

/** Calls one charge off for a person: 'withdrawn', 'to-cancel' (Cashfree has to be asked) or 'over'; see end-mandate.sql. */
export async function callChargeOff(
  sql: Sql,
  paymentId: string,
  why: 'customer' | 'price',
  by: Actor,
): Promise<string> {
  const [row] = await sql<{ answer: string }[]>`
    select call_charge_off(${paymentId}, ${why}, ${by.actor}, ${originJson(sql, by)}) as answer
  `
  return row!.answer
}

/** Charges of a mandate, the newest period first. */
export async function listChargesOf(sql: Sql, mandateId: string, limit: number): Promise<Charge[]> {
  return sql<Charge[]>`
    select ${chargeColumns(sql)} from mandate_charges c
    where c.mandate_id = ${mandateId} order by c.period_start desc, c.attempt desc limit ${limit}
  `
}

/** Charges under all of a person's mandates, the newest day first. */
export async function listChargesOfPerson(sql: Sql, userId: string, limit: number): Promise<Charge[]> {
  return sql<Charge[]>`
    select ${chargeColumns(sql)} from mandate_charges c join mandates m on m.id = c.mandate_id
    where m.user_id = ${userId} order by c.scheduled_on desc, c.created_at desc limit ${limit}
  `
}

const chargeColumns = (sql: Sql) => sql`
  c.payment_id, c.mandate_id, c.period_start, c.attempt, c.paise, c.scheduled_on::text as scheduled_on, c.idempotency_key, c.created_at,
  c.asked_at, c.raised_at, c.noticed_at, c.status, c.retries, c.failure_reason, c.withdrawn_why, c.cancel_asked_at, c.final_at`

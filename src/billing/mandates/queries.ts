import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { RemoteCharge, RemoteMandate } from '../payments/mandate-gateway.ts'

/** A permission to debit a person; times are instants, amounts paise. `subscriptionId` is what Cashfree knows it by. */
export type Mandate = {
  id: string
  userId: string
  subscriptionId: string
  idempotencyKey: string
  /** Cashfree's plan, which holds the ceiling of one debit: `maxPaise`. */
  planId: string
  maxPaise: number
  authorisationPaise: number
  /** The authorisation is given back and buys nothing; otherwise it pays `firstOrderId`. */
  refundAuthorisation: boolean
  firstOrderId: string | null
  /** Cashfree's word, CREATED until it answers. */
  status: string
  umn: string | null
  payerAddress: string | null
  consentVersion: string
  consentText: string
  expiresAt: Date
  createdAt: Date
  authorisedAt: Date | null
  cancelAskedAt: Date | null
  endedAt: Date | null
  endedBy: 'customer' | 'site' | 'admin' | 'deletion' | 'cashfree' | null
}

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

/** What a person agreed to and wants; see open-mandate.sql. `maxPaise` is the ceiling that the sentence names. */
export type MandateWish = {
  plan: string
  start: 'now' | 'later'
  maxPaise: number
  consent: { version: string; text: string }
  newOrderId: string
  years?: number
  coupon?: string
  company?: { legalName: string; address: string; gstin: string | null } | null
}

/** The mandate that was opened, or why none was (open-mandate.sql), with the mandate or order in the way. */
export type OpenedMandate = { refusal: string | null; mandateId: string | null; orderId: string | null }

/** What one settling came to; see settle-mandate.sql. */
export type MandateSettlement = {
  outcome: 'settled' | 'unverified' | 'mismatch' | 'unknown-mandate' | (string & {})
  cancelMandate: boolean
  cancelCharges: string[]
  settled: { orderId: string; outcome: string; receiptDue: boolean }[]
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

/** The ceiling of a mandate that this person would open today, in paise; null where no plan is on sale. */
export async function findMandateCeiling(sql: Sql, userId: string): Promise<number | null> {
  const [row] = await sql<{ paise: number | null }[]>`select mandate_ceiling(${userId}) as paise`
  return row!.paise
}

/** Stores a mandate, and the order that its authorisation pays, before Cashfree is asked: open-mandate.sql. */
export async function insertMandate(
  sql: Sql,
  userId: string,
  wish: MandateWish,
  by: Pick<Actor, 'origin'>,
): Promise<OpenedMandate> {
  const [row] = await sql<OpenedMandate[]>`
    select refusal, mandate_id, order_id from open_mandate(${userId}, ${sql.json(wish)}, ${originJson(sql, by)})
  `
  return row!
}

/** Cashfree refused to open a mandate: it is over, with its order. */
export async function noteMandateRefused(sql: Sql, subscriptionId: string, code: string): Promise<void> {
  await sql`select note_mandate_refused(${subscriptionId}, ${code})`
}

/** A new key for the next call that opens a mandate. The id stays. */
export async function renewMandateKey(sql: Sql, mandateId: string): Promise<void> {
  await sql`update mandates set idempotency_key = gen_random_uuid() where id = ${mandateId} and status = 'CREATED'`
}

/** The same for a charge that is not raised. */
export async function renewChargeKey(sql: Sql, paymentId: string): Promise<void> {
  await sql`
    update mandate_charges set idempotency_key = gen_random_uuid() where payment_id = ${paymentId} and raised_at is null
  `
}

/** A mandate by our id or by the one that Cashfree knows. */
export async function findMandate(
  sql: Sql,
  id: { id: string } | { subscriptionId: string },
): Promise<Mandate | undefined> {
  const [row] = await sql<Mandate[]>`
    select ${mandateColumns(sql)} from mandates m
    where ${'id' in id ? sql`m.id = ${id.id}` : sql`m.subscription_id = ${id.subscriptionId}`}
  `
  return row
}

/** A person's mandates, newest first. */
export async function listMandatesOf(sql: Sql, userId: string, limit: number): Promise<Mandate[]> {
  return sql<Mandate[]>`
    select ${mandateColumns(sql)} from mandates m where m.user_id = ${userId} order by m.created_at desc limit ${limit}
  `
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

/** Makes a mandate agree with Cashfree's answer, whole or of some of its charges: settle-mandate.sql. */
export async function settleMandate(
  sql: Sql,
  subscriptionId: string,
  remote: RemoteMandate | { charges: RemoteCharge[] },
  actor: string,
  seller: object,
): Promise<MandateSettlement> {
  const [row] = await sql<MandateSettlement[]>`
    select outcome, cancel_mandate, to_jsonb(cancel_charges) as cancel_charges, settled
    from settle_mandate(${subscriptionId}, ${sql.json(remote)}, ${actor}, ${sql.json(seller as never)})
  `
  return row!
}

/** Asks for the end of a mandate: 'asked', 'repeated', 'over' or 'unknown-mandate'; see end-mandate.sql. */
export async function askMandateEnd(
  sql: Sql,
  subscriptionId: string,
  endedBy: NonNullable<Mandate['endedBy']>,
  by: Actor,
): Promise<string> {
  const [row] = await sql<{ answer: string }[]>`
    select end_mandate(${subscriptionId}, ${endedBy}, ${by.actor}, ${originJson(sql, by)}) as answer
  `
  return row!.answer
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

/**
 * Leases mandates that Cashfree is to be asked about, for a minute: their own look is due, or that of one of their charges, or one was
 * asked for whose period begins another day by now, or whose person leaves: it is called off before its day comes. Answers their
 * subscription ids, the longest waiting first.
 */
export async function leaseMandatesToLookAt(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ subscriptionId: string }[]>`
    with outrun as (
      select m.id
      from mandate_charges c
      join mandates m on m.id = c.mandate_id
      join subscriptions s on s.user_id = m.user_id
      where c.final_at is null
        and c.asked_at is not null
        and c.cancel_asked_at is null
        and c.status <> 'SUCCESS'
        and (s.current_period_end <> c.period_start or s.cancel_requested_at is not null)
        and m.next_look_at > now() + interval '10 minutes' -- others are asked about soon, or just were
    ), due as (
      (select id, next_look_at from mandates where next_look_at <= now() order by next_look_at limit ${limit})
      union all
      (select mandate_id, next_look_at from mandate_charges where next_look_at <= now() order by next_look_at limit ${limit})
      union all
      (select id, now() from outrun limit ${limit})
    ), first as (
      select m.id from mandates m
      where m.id in (select id from due order by next_look_at limit ${limit})
      for update skip locked
    ), charges as (
      update mandate_charges set next_look_at = now() + interval '1 minute'
      where mandate_id in (select id from first) and next_look_at <= now()
    )
    update mandates
    set next_look_at = case when next_look_at <= now() or id in (select id from outrun) then now() + interval '1 minute'
                            else next_look_at end
    where id in (select id from first)
    returning subscription_id
  `
  return rows.map(({ subscriptionId }) => subscriptionId)
}

/** Cashfree is asked about a mandate, and about what is due of its charges, after so many seconds. */
export async function postponeMandateLook(sql: Sql, subscriptionId: string, seconds: number): Promise<void> {
  await sql`
    with mandate as (
      update mandates set next_look_at = now() + make_interval(secs => ${seconds})
      where subscription_id = ${subscriptionId} returning id
    )
    update mandate_charges set next_look_at = now() + make_interval(secs => ${seconds})
    where mandate_id in (select id from mandate) and next_look_at < now() + make_interval(secs => ${seconds})
  `
}

/** Whether it is the time of day at which charges are raised: charge-days.sql. */
export async function mayRaiseCharges(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ may: boolean }[]>`select charges_may_be_raised(now()) as may`
  return row!.may
}

const mandateColumns = (sql: Sql) => sql`
  m.id, m.user_id, m.subscription_id, m.idempotency_key, m.plan_id, m.max_paise, m.authorisation_paise, m.refund_authorisation,
  m.first_order_id, m.status, m.umn, m.payer_address, m.consent_version, m.consent_text, m.expires_at, m.created_at, m.authorised_at,
  m.cancel_asked_at, m.ended_at, m.ended_by`

const chargeColumns = (sql: Sql) => sql`
  c.payment_id, c.mandate_id, c.period_start, c.attempt, c.paise, c.scheduled_on::text as scheduled_on, c.idempotency_key, c.created_at,
  c.asked_at, c.raised_at, c.noticed_at, c.status, c.retries, c.failure_reason, c.withdrawn_why, c.cancel_asked_at, c.final_at`

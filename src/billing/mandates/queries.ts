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

const mandateColumns = (sql: Sql) => sql`
  m.id, m.user_id, m.subscription_id, m.idempotency_key, m.plan_id, m.max_paise, m.authorisation_paise, m.refund_authorisation,
  m.first_order_id, m.status, m.umn, m.payer_address, m.consent_version, m.consent_text, m.expires_at, m.created_at, m.authorised_at,
  m.cancel_asked_at, m.ended_at, m.ended_by`

import type { Charge } from '../../billing/mandates/charge-queries.ts'
import type { Mandate } from '../../billing/mandates/queries.ts'
import type { MandateState } from '../../billing/mandates/state.ts'
import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { keyOfCursor } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'

/** A debit in few words; amounts are paise, `scheduledOn` the Indian day "2026-12-09". */
export type Debit = Pick<
  Charge,
  | 'paise'
  | 'scheduledOn'
  | 'status'
  | 'askedAt'
  | 'raisedAt'
  | 'cancelAskedAt'
  | 'finalAt'
  | 'withdrawnWhy'
  | 'failureReason'
>

/** A mandate as a line of the list, with its newest charge; `gatewayStatus` is Cashfree's word for it. */
export type MandateLine = {
  id: string
  at: Date
  subscriptionId: string
  personId: string
  personName: string
  state: MandateState
  gatewayStatus: string
  umn: string | null
  maxPaise: number
  endedBy: Mandate['endedBy']
} & (Debit | { [Field in keyof Debit]: null })

/** A mandate with its person, what its charges are for, and how it is looked after. */
export type MandateFile = {
  mandate: Mandate & {
    state: MandateState
    personName: string
    personEmail: string
    periodEnd: Date | null
    looks: number
    nextLookAt: Date | null
  }
  charges: (Charge & { nextLookAt: Date | null; orderStatus: string })[]
  incidents: { id: number; kind: string; openedAt: Date }[]
  audit: {
    id: number
    at: Date
    action: string
    actor: string
    username: string | null
    orderId: string | null
    from: string | null
    to: string | null
  }[]
}

/** A charge that can be raised now: `paymentId` is null where it has to be opened first. */
export type ChargeToRaise = { paymentId: string | null; paise: number; scheduledOn: string }

/** Mandates, newest first: of a state ('' all), or these very ones. */
export async function listMandates(
  sql: Sql,
  { state, ids }: { state: string; ids: string[] | null },
  after: Cursor | null,
  limit: number,
): Promise<MandateLine[]> {
  const rare = ['waiting', 'paused', 'ending'].includes(state)
  const exactAt = sql`select created_at from mandates where id = ${after?.id ?? null}`
  return sql<MandateLine[]>`
    with listed as materialized (
      select m.*, ${stateOf(sql)} as state
      from mandates m
      where true
        ${state ? sql`and ${stateOf(sql)} = ${state}` : sql``}
        ${rare ? sql`and m.ended_at is null and (m.cancel_asked_at is not null or m.status <> 'ACTIVE')` : sql``}
        ${ids ? sql`and m.id in (select value::uuid from jsonb_array_elements_text(${sql.json(ids)}))` : sql``}
        ${after ? sql`and (m.created_at, m.id) < ${keyOfCursor(sql, after, exactAt)}` : sql``}
      order by m.created_at desc, m.id desc
      limit ${limit}
    )
    select m.id, m.created_at as at, m.subscription_id, m.user_id as person_id, u.name as person_name, m.state,
           m.status as gateway_status, m.umn, m.max_paise, m.ended_by, c.paise, c.scheduled_on::text as scheduled_on, c.status,
           c.asked_at, c.raised_at, c.cancel_asked_at, c.final_at, c.withdrawn_why, c.failure_reason
    from listed m
    join users u on u.id = m.user_id
    left join lateral (
      select * from mandate_charges c where c.mandate_id = m.id order by c.period_start desc, c.attempt desc limit 1
    ) c on true
    order by m.created_at desc, m.id desc
  `
}

/** Ids of the mandates that a number belongs to: of the mandate (ours, or the UMN), or of a debit under it. Each is one index lookup. */
export async function findMandatesNumbered(sql: Sql, text: string): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from mandates where subscription_id = ${text}
    union
    select id from mandates where umn = ${text}
    union
    select o.mandate_id from orders_named(${text}) named(id) join orders o on o.id = named.id where o.mandate_id is not null
    limit 20
  `
  return rows.map(({ id }) => id)
}

/** Ids of these people's mandates. */
export async function listMandateIdsOf(sql: Sql, people: string[]): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from mandates where user_id in (select value::uuid from jsonb_array_elements_text(${sql.json(people)}))
    order by created_at desc limit 200
  `
  return rows.map(({ id }) => id)
}

/** What we know of a mandate. Undefined: there is none. */
export async function findMandateFile(sql: Sql, subscriptionId: string): Promise<MandateFile | undefined> {
  const [mandate] = await sql<MandateFile['mandate'][]>`
    select m.*, ${stateOf(sql)} as state, u.name as person_name, u.email as person_email, s.current_period_end as period_end
    from mandates m
    join users u on u.id = m.user_id
    left join subscriptions s on s.user_id = m.user_id
    where m.subscription_id = ${subscriptionId}
  `
  if (!mandate) return undefined
  const [charges, incidents, audit] = await Promise.all([
    sql<MandateFile['charges']>`
      select c.*, c.scheduled_on::text as scheduled_on, o.status as order_status
      from mandate_charges c join orders o on o.id = c.payment_id
      where c.mandate_id = ${mandate.id}
      order by c.period_start desc, c.attempt desc
      limit 200`,
    sql<MandateFile['incidents']>`
      select id, kind, opened_at from incidents
      where user_id = ${mandate.userId} and resolved_at is null and kind = 'mandate-mismatch'
      order by opened_at desc limit 20`,
    sql<MandateFile['audit']>`
      select x.id, x.at, x.action, x.actor, a.username, x.order_id, x.details ->> 'from' as "from", x.details ->> 'to' as "to"
      from audit x
      left join users a on a.id = user_behind(x.actor)
      where x.user_id = ${mandate.userId} and x.details ->> 'mandate' = ${subscriptionId}
      order by x.id desc
      limit 200`,
  ])
  return { mandate, charges, incidents, audit }
}

/** The charge of a mandate that Cashfree can be asked for at this moment; undefined where it cannot be asked for any. */
export async function findChargeToRaise(sql: Sql, mandateId: string): Promise<ChargeToRaise | undefined> {
  const [row] = await sql<ChargeToRaise[]>`
    select c.payment_id, c.paise, c.scheduled_on::text as scheduled_on
    from mandate_charges c join mandates m on m.id = c.mandate_id
    where m.id = ${mandateId} and m.status = 'ACTIVE' and c.raised_at is null and c.final_at is null
      and charge_is_unwanted(c, m) is null and c.scheduled_on >= earliest_charge_day(now())
    union all
    select null, plan.price_paise, next_charge_day(m, s.current_period_end)::text
    from mandates m
    join subscriptions s on s.user_id = m.user_id
    cross join lateral plan_for(m.user_id, plan_to_charge(s)) plan
    where m.id = ${mandateId} and m.status = 'ACTIVE' and m.ended_at is null and m.cancel_asked_at is null
      and s.status in ('active', 'grace') and s.cancel_requested_at is null and purchase_refusal(m.user_id) is null
      and next_attempt(m, s.current_period_end) is not null and next_charge_day(m, s.current_period_end) is not null
      and plan.price_paise <= m.max_paise and not exists (select from money_under_way(m.user_id))
  `
  return row
}

/** Opens the charge of one mandate that is due, as the job does: open-due-charges.sql says what `state` is; null where none is. */
export async function openCharge(
  sql: Sql,
  mandateId: string,
  actor: string,
): Promise<{ state: string | null; paymentId: string | null }> {
  const [row] = await sql<{ state: string | null; paymentId: string | null }[]>`
    select state, payment_id from open_charge(${mandateId}, ${actor})
  `
  return row!
}

/** Records that an administrator asks for something to be done with a mandate. False: there is no such mandate. */
export async function recordAsked(
  sql: Sql,
  subscriptionId: string,
  wish: 'look' | 'raise',
  actor: Actor,
): Promise<boolean> {
  const rows = await sql`
    select record_audit(${actor.actor}, case ${wish} when 'raise' then 'mandate.raise-asked' else 'mandate.look-asked' end, m.first_order_id, m.user_id,
                        jsonb_build_object('mandate', m.subscription_id, 'status', m.status), ${originJson(sql, actor)})
    from mandates m
    where m.subscription_id = ${subscriptionId}
  `
  return rows.count > 0
}

// As mandateStateOf says it.
const stateOf = (sql: Sql) => sql`case
  when m.ended_at is not null then 'ended'
  when m.cancel_asked_at is not null then 'ending'
  when m.status = 'ACTIVE' then 'active'
  when m.authorised_at is not null then 'paused'
  else 'waiting' end`

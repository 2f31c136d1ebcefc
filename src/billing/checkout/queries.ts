import type { Sql } from '../../platform/db.ts'
import type { RemoteOrder } from '../payments/gateway.ts'
import { minutesToPay, type Order, orderColumns } from '../payments/queries.ts'

/**
 * What settling came to. `paid` is said exactly once per order, `already-paid` ever after; `given-back` when the money
 * went back before it could count; `to-end` when Cashfree was asked to end the order and still holds it open.
 */
export type SettlementOutcome =
  | 'paid'
  | 'already-paid'
  | 'waiting'
  | 'closed'
  | 'held'
  | 'unverified'
  | 'given-back'
  | 'to-end'
  | 'unknown-order'

/**
 * The outcome, the order as it is afterwards, and whether its receipt waits for its number. (A newer release's function may answer
 * an outcome unknown to this one.)
 */
export type Settlement = { outcome: SettlementOutcome | (string & {}); order: Order | null; receiptDue: boolean }

/**
 * What is bought, and how: another plan at once (`switch`) or a present (`gift`) instead of a period; a coupon's code ('' takes
 * one off), whom the receipt is made out to (null: the buyer), whom a gift is for. What is left out stays as it is.
 */
export type OrderWish = {
  purpose?: 'period' | 'switch' | 'gift'
  coupon?: string
  company?: { legalName: string; address: string; gstin: string | null } | null
  gift?: { recipientName: string; recipientEmail: string; message: string; deliverOn: string }
}

/** The open order, or why there is none; see open-order.sql for the reasons. `differs` comes with the order to end first. */
export type OpenedOrder = { refusal: null; orderId: string } | { refusal: string; orderId: string | null }

/** The user's open order for a plan, new or found. */
export async function openOrder(
  sql: Sql,
  order: { userId: string; planName: string; newId: string; wish?: OrderWish },
): Promise<OpenedOrder> {
  const [opened] = await sql<OpenedOrder[]>`
    select refusal, order_id
    from open_order_as_wished(${order.userId}, ${order.planName}, ${order.newId}, ${minutesToPay}, ${sql.json(order.wish ?? {})})
  `
  return opened!
}

/** Why somebody buys nothing now: purchase_refusal in entitlement.sql. */
export async function findPurchaseRefusal(sql: Sql, userId: string): Promise<string | null> {
  const [row] = await sql<{ refusal: string | null }[]>`select purchase_refusal(${userId}) as refusal`
  return row!.refusal
}

/** Why no order could be opened in the place of one; null where it could. Nothing is changed. */
export async function refusalToReplace(
  sql: Sql,
  { userId, planName, id }: Order,
  wish: OrderWish,
): Promise<string | null> {
  const [row] = await sql<{ refusal: string | null }[]>`
    select refusal_to_replace(${userId}, ${planName}, ${id}, ${sql.json(wish)}) as refusal
  `
  return row!.refusal
}

/** What Cashfree says of an order, and who asked: `actor` stands in the audit. */
export type Answer = { orderId: string; remote: RemoteOrder; actor: string }

/** Makes an order agree with Cashfree's answer: settle-order.sql, the one statement that decides about money. */
export async function settleOrder(sql: Sql, { orderId, remote, actor }: Answer, seller: object): Promise<Settlement> {
  const [row] = await sql<(Order & { outcome: string; receiptDue: boolean })[]>`
    select settlement.outcome, settlement.receipt_due, ${orderColumns(sql)}
    from settle_order_unnumbered(${orderId}, ${sql.json(remote as never)}, ${actor}, ${sql.json(seller as never)}) settlement
    cross join lateral (select (settlement.settled).*) o
    left join plans p on p.key = o.plan_key
  `
  const { outcome, receiptDue, ...order } = row!
  return { outcome, receiptDue, order: outcome === 'unknown-order' ? null : order }
}

/**
 * Settles those of these answers that are usual payments, all of them or none: settle-usual-orders.sql. Returns them by their order;
 * about the others it says nothing.
 */
export async function settleUsualOrders(sql: Sql, answers: Answer[], seller: object): Promise<Map<string, Settlement>> {
  const orders = await sql<Order[]>`
    select ${orderColumns(sql)}
    from settle_usual_orders(${sql.json(answers as never)}, ${sql.json(seller as never)}) o
    left join plans p on p.key = o.plan_key
  `
  return new Map(orders.map((order) => [order.id, { outcome: 'paid', receiptDue: true, order }]))
}

/** An order whose money may be moving. */
export type MoneyRow = {
  orderId: string
  planName: string
  planTitle: string
  amountPaise: number
  state: 'pending' | 'confirming' | 'unverified' | 'held' | 'held-unpaid' | 'autopay' | 'withheld'
  since: Date
  /** From when the payer may say that it failed, and pay again; null where never. */
  payAgainFrom: Date | null
  mayPayAgain: boolean
}

/** See money-under-way.sql. */
export async function findMoneyUnderWay(sql: Sql, userId: string): Promise<MoneyRow[]> {
  return sql<MoneyRow[]>`
    select order_id, plan_name, plan_title, amount_paise, state, since, pay_again_from, may_pay_again
    from money_under_way(${userId})
  `
}

/** Lets the payer pay again although an attempt is pending, where that may be; see money-under-way.sql. */
export async function setAsidePending(sql: Sql, userId: string): Promise<void> {
  await sql`select set_aside_pending(${userId}, ${`user:${userId}`})`
}

/** Terminates a person's open orders that nobody can pay any more; see money-under-way.sql. */
export async function closeResolvedOrders(sql: Sql, userId: string): Promise<void> {
  await sql`select close_resolved_orders(${userId}, ${`user:${userId}`})`
}

/** Terminates an order that was never created at Cashfree; see entitlement.sql. False: Cashfree knows it, or it is over. */
export async function closeUnsentOrder(sql: Sql, { id, userId }: Order): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`select close_unsent_order(${id}, ${`user:${userId}`}) as done`
  return row!.done
}

/** Whether the period of a paid order was taken back: its money was refunded, or the person changed to another plan. */
export async function isTakenBack(sql: Sql, orderId: string): Promise<boolean> {
  const [row] = await sql<{ over: boolean }[]>`
    select exists (select from subscription_periods
                   where order_id = ${orderId} and (voided_at is not null or switched_to is not null)) as over
  `
  return row!.over
}

/** Whether somebody had access, from whatever source, that began before this instant. */
export async function hadAccessBefore(sql: Sql, userId: string, from: Date): Promise<boolean> {
  const [row] = await sql<{ had: boolean }[]>`
    select exists (select from subscription_periods where user_id = ${userId} and starts_at < ${from}) as had
  `
  return row!.had
}

/** The period an order bought, or would buy if it were paid now. */
export async function findPeriod(sql: Sql, order: { id: string | null; userId: string; months: number }) {
  const [row] = await sql<{ from: Date; to: Date }[]>`
    with bought as (
      select starts_at, ends_at from subscription_periods where order_id = ${order.id}
    )
    select starts_at as "from", ends_at as "to" from bought
    union all
    select starts_at, ends_at from next_period(${order.userId}, ${order.months}) where not exists (select from bought)
  `
  return row!
}

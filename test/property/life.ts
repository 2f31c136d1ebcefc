import { randomBytes } from 'node:crypto'
import type { Sql } from '../../src/platform/db.ts'
import type { PriceChange, Version } from './life-prices.ts'
import type { BeforeAct, Period } from './life-rules.ts'

export type Who = 0 | 1
export type PlanName = 'monthly' | 'annual'

/** An order as the model follows it; `code` is the coupon it was opened with. */
export type LifeOrder = {
  id: string
  who: Who
  plan: PlanName
  purpose: 'period' | 'switch' | 'gift'
  state: 'open' | 'dead' | 'paid'
  code: string | null
  discountPaise: number
}

/** Two people of one life, their coupons, their orders and gifts as they were opened, and what was seen to be wrong. */
export type Life = {
  sql: Sql
  seller: object
  people: [string, string]
  coupons: LifeCoupon[]
  orders: LifeOrder[]
  gifts: { hash: Buffer; orderId: string }[]
  wrong: string[]
}

export type LifeCoupon = {
  code: string
  percent?: number
  amountPaise?: number
  maxUses?: number
  maxDiscountPaise?: number
  only?: PlanName
}

export const by = { actor: 'command', origin: null }

export function newCode(): string {
  return randomBytes(6).toString('hex').toUpperCase()
}

/** The nth of all, counted from the newest. */
export function pick<T>(all: readonly T[], n: number): T | undefined {
  return all[all.length - 1 - (n % Math.max(1, all.length))]
}

export type Person = BeforeAct & {
  status: string
  left: boolean
  isPaid: boolean
  nextPlan: string | null
  periods: Period[]
}

/** A person's subscription and all of its periods by now, the earliest first. */
export async function read({ sql, people }: Life, who: Who): Promise<Person> {
  const [row] = await sql<Omit<Person, 'periods'>[]>`
    select (extract(epoch from now()) * 1000)::float8 as now, (extract(epoch from current_period_end) * 1000)::float8 as end,
           has_access(s) is true as has_access, anchor_day, status_by_now(s) as status, cancel_requested_at is not null as left,
           is_paid, next_plan
    from subscriptions s where user_id = ${people[who]}`
  const periods = await sql<Period[]>`
    select p.id, p.order_id, plan.name as plan, p.plan_key, p.switched_to,
           (extract(epoch from p.starts_at) * 1000)::float8 as start, (extract(epoch from p.ends_at) * 1000)::float8 as end,
           (extract(epoch from p.created_at) * 1000)::float8 as created, (extract(epoch from p.voided_at) * 1000)::float8 as voided
    from subscription_periods p left join plans plan on plan.key = p.plan_key
    where p.user_id = ${people[who]} order by p.starts_at`
  return { ...row!, periods }
}

/** What is and was on sale, and every price that was announced and not taken back. */
export async function readPrices({ sql }: Life): Promise<{ versions: Version[]; changes: PriceChange[] }> {
  const versions = await sql<Version[]>`select key, name, price_paise, on_sale as is_on_sale from plans order by key`
  const changes = await sql<PriceChange[]>`
    select replaces, plan_key as becomes, (extract(epoch from effective_at) * 1000)::float8 as effective,
           (extract(epoch from subscribers_from) * 1000)::float8 as subscribers_from,
           (extract(epoch from announced_at) * 1000)::float8 as announced
    from price_changes where withdrawn_at is null order by id`
  return { versions, changes }
}

/** What an order asks for and why. */
export async function amounts({ sql }: Life, orderId: string) {
  const [row] = await sql<
    {
      amountPaise: number
      discountPaise: number
      creditPaise: number
      pricePaise: number
      months: number
      planKey: string
    }[]
  >`
    select o.amount_paise, o.discount_paise, o.credit_paise, p.price_paise, p.months, o.plan_key
    from orders o join plans p on p.key = o.plan_key where o.id = ${orderId}`
  return row!
}

const toleranceMs = 5_000

/** Whether two ends are the same but for the time that the test itself takes. */
export function same(one: number | null, other: number | null): boolean {
  return one === null || other === null ? one === other : Math.abs(one - other) < toleranceMs
}

export function at(instant: number | null): string {
  return instant === null ? 'never' : new Date(instant).toISOString()
}

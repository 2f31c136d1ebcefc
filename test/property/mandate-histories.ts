import fc from 'fast-check'
import { callChargeOff, listUnraisedCharges, openDueCharges } from '../../src/billing/mandates/charge-queries.ts'
import { endMandate, raiseCharge, refreshMandate } from '../../src/billing/mandates/mandates.ts'
import { leaseMandatesToLookAt, settleMandate } from '../../src/billing/mandates/queries.ts'
import { type BillingServices, isGatewayFailure } from '../../src/billing/payments/gateway.ts'
import type { NewCharge, RemoteCharge, RemoteMandate } from '../../src/billing/payments/mandate-gateway.ts'
import type { User } from '../../src/identity/users/queries.ts'
import { type Fixture, later, nearTheEnd, open } from '../billing/mandates/fixture.ts'
import { PretendCashfree } from '../billing/mandates/pretend-cashfree.ts'

const reasons = ['Insufficient Funds', 'Account Closed', null] as const
const statuses = [
  'BANK_APPROVAL_PENDING',
  'CUSTOMER_PAUSED',
  'ACTIVE',
  'CUSTOMER_CANCELLED',
  'EXPIRED',
  'LINK_EXPIRED',
] as const

/** What changes about a person. */
type Change = 'leave' | 'stay' | 'suspend' | 'lift' | 'delete' | 'grant' | 'pay by hand'

/** What people, their bank, Cashfree and the clock do. */
export type Act =
  | { do: 'open'; start: 'now' | 'later' }
  | { do: 'approve'; amount: 'right' | 'wrong' }
  | { do: 'decline' }
  | { do: 'mandate'; status: (typeof statuses)[number] }
  | {
      do: 'debit'
      which: number
      status: 'SUCCESS' | 'FAILED' | 'PENDING' | 'CANCELLED'
      reason: (typeof reasons)[number]
      amount: 'right' | 'wrong'
    }
  | { do: 'stray' }
  | { do: 'refresh'; times: number; manner: 'full' | 'light' }
  | { do: 'remember' | 'repeat'; which: number }
  | { do: 'charge'; workers: number }
  | { do: 'looks' }
  | { do: 'end' | 'call off' | Change }
  | { do: 'fault'; name: 'away' | 'replyLost' | 'unread'; count: number }
  | { do: 'time'; by: 'near the end' | '6 hours' | '1 day' | '3 days' }
  | { do: 'together'; acts: Act[] }

const of = <const T extends string>(...kinds: T[]) => fc.constantFrom(...kinds)
const nothing = <const T extends string>(...kinds: T[]) => fc.record({ do: of(...kinds) })
const amount = of('right', 'right', 'right', 'right', 'wrong')
const which = fc.nat(3)

const single: fc.Arbitrary<Act> = fc.oneof<fc.WeightedArbitrary<Act>[]>(
  { weight: 4, arbitrary: fc.record({ do: of('open'), start: of('now', 'now', 'later') }) },
  { weight: 5, arbitrary: fc.record({ do: of('approve'), amount }) },
  { weight: 1, arbitrary: nothing('decline', 'stray') },
  { weight: 2, arbitrary: fc.record({ do: of('mandate'), status: fc.constantFrom(...statuses) }) },
  {
    weight: 7,
    arbitrary: fc.record({
      ...{ do: of('debit'), which, status: of('SUCCESS', 'SUCCESS', 'FAILED', 'FAILED', 'PENDING', 'CANCELLED') },
      ...{ reason: fc.constantFrom(...reasons), amount },
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({ do: of('refresh'), times: fc.integer({ min: 1, max: 3 }), manner: of('full', 'light') }),
  },
  { weight: 3, arbitrary: fc.record({ do: of('remember', 'repeat'), which }) },
  { weight: 8, arbitrary: fc.record({ do: of('charge'), workers: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 2, arbitrary: nothing('looks') },
  {
    weight: 5,
    arbitrary: nothing(
      'end',
      'call off',
      'leave',
      'stay',
      'suspend',
      'lift',
      'lift',
      'grant',
      'pay by hand',
      'pay by hand',
    ),
  },
  { weight: 1, arbitrary: nothing('delete') },
  {
    weight: 3,
    arbitrary: fc.record({
      do: of('fault'),
      name: of('away', 'replyLost', 'unread'),
      count: fc.integer({ min: 1, max: 2 }),
    }),
  },
)
/** Moved by several statements, so by itself. */
const time = fc.record({ do: of('time'), by: of('near the end', 'near the end', '6 hours', '1 day', '3 days') })
const act: fc.Arbitrary<Act> = fc.oneof<fc.WeightedArbitrary<Act>[]>(
  { weight: 7, arbitrary: single },
  { weight: 1, arbitrary: time },
  { weight: 1, arbitrary: fc.record({ do: of('together'), acts: fc.array(single, { minLength: 2, maxLength: 4 }) }) },
)

/** A history: somebody on Autopay, mostly, and up to 24 acts. */
export const histories: fc.Arbitrary<Act[]> = fc
  .array(act, { minLength: 3, maxLength: 24, size: 'max' })
  .map((acts) => [{ do: 'open', start: 'now' }, { do: 'approve', amount: 'right' }, ...acts])

export type Life = {
  fixture: Fixture
  services: BillingServices
  cashfree: WatchingCashfree
  user: User
  wrong: string[]
  remembered: { subscriptionId: string; remote: RemoteMandate }[]
  isDeleted: boolean
  paidByHand: number
}

/** Looks, whenever it is asked for a debit, at what stands in the database at that moment. */
export class WatchingCashfree extends PretendCashfree {
  readonly wrong: string[] = []
  /** Mandates whose end was asked for, before the act that is running. */
  readonly ended = new Set<string>()
  sql: Fixture['sql'] | null = null

  override async charge(asked: NewCharge): Promise<RemoteCharge> {
    const [row] = await this.sql!<{ idempotencyKey: string; askedAt: Date | null; paise: number }[]>`
      select c.idempotency_key, c.asked_at, c.paise from mandate_charges c join orders o on o.id = c.payment_id
      where c.payment_id = ${asked.paymentId}`
    if (!row?.askedAt) this.wrong.push(`${asked.paymentId} was asked for and not stored`)
    else if (row.idempotencyKey !== asked.idempotencyKey || row.paise !== asked.amountPaise)
      this.wrong.push(`${asked.paymentId} was asked for otherwise than stored`)
    if (this.ended.has(asked.subscriptionId)) this.wrong.push(`${asked.paymentId} was asked for after the wish to end`)
    return super.charge(asked)
  }
}

const actor = 'test'
const decided = (charge: RemoteCharge) => charge.status === 'SUCCESS'

/** Does one act. Cashfree's failures are its own; anything else that is thrown is wrong. */
export async function perform(life: Life, one: Act): Promise<void> {
  if (one.do === 'together') await Promise.all(one.acts.map((each) => attempt(life, each)))
  else await attempt(life, one)
  const ending = await life.fixture.sql<{ subscriptionId: string }[]>`
    select subscription_id from mandates where user_id = ${life.user.id} and (cancel_asked_at is not null or ended_at is not null)`
  for (const { subscriptionId } of ending) life.cashfree.ended.add(subscriptionId)
}

async function attempt(life: Life, one: Act): Promise<void> {
  try {
    await doOne(life, one)
  } catch (error) {
    if (!isGatewayFailure(error)) throw error
  }
}

/** Waits for all of them, also where one fails: nothing goes on while the next act is done. */
async function allOf(running: Promise<unknown>[]): Promise<void> {
  for (const one of await Promise.allSettled(running)) if (one.status === 'rejected') throw one.reason
}

async function doOne(life: Life, one: Act): Promise<void> {
  const { fixture, services, cashfree, user } = life
  const { sql } = fixture
  const own = await sql<{ id: string; mandate: string }[]>`
    select subscription_id as id, replace(id::text, '-', '') as mandate from mandates
    where user_id = ${user.id} order by created_at desc, id`
  const ids = own.map(({ id }) => id)
  const id = ids[0]
  const mandate = id === undefined ? undefined : cashfree.mandates.get(id)
  const auths = mandate?.charges.filter(({ type, status }) => type === 'AUTH' && status === 'SUCCESS') ?? []
  const charges = ids
    .flatMap((each) => cashfree.mandates.get(each)?.charges ?? [])
    .filter(({ paymentId }) => paymentId?.startsWith('c_'))
  switch (one.do) {
    case 'open':
      await open(fixture, user, { start: one.start })
      return
    case 'approve': // twice, at most, and not beside a wrong one
      if (
        mandate &&
        auths.length < 2 &&
        auths.every(({ amountPaise }) => amountPaise === mandate.authorisationAmountPaise)
      ) {
        const isWrong = one.amount === 'wrong' && auths.length === 0
        cashfree.approve(id!, isWrong ? { amountPaise: mandate.authorisationAmountPaise! + 1 } : {})
      }
      return
    case 'decline':
      if (mandate)
        cashfree.debit(mandate, { type: 'AUTH', status: 'FAILED', amountPaise: mandate.authorisationAmountPaise })
      return
    case 'stray':
      if (mandate) cashfree.debit(mandate, { status: 'SUCCESS', amountPaise: 49_900 })
      return
    case 'mandate':
      if (mandate && !mandate.status.endsWith('CANCELLED')) mandate.status = one.status
      return
    case 'debit': {
      const charge = charges[one.which % Math.max(1, charges.length)]
      if (!charge || decided(charge)) return
      Object.assign(charge, { status: one.status, failureReason: one.status === 'FAILED' ? one.reason : null })
      if (one.status === 'SUCCESS' && one.amount === 'wrong') charge.amountPaise! -= 1
      return
    }
    case 'refresh':
      await allOf(
        ids.flatMap((each) =>
          Array.from({ length: one.times }, () => refreshMandate(services, each, actor, one.manner)),
        ),
      )
      return
    case 'remember':
      if (id && mandate) life.remembered.push({ subscriptionId: id, remote: structuredClone(mandate) })
      return
    case 'repeat': {
      const old = life.remembered[one.which % Math.max(1, life.remembered.length)]
      if (old) await settleMandate(sql, old.subscriptionId, old.remote, actor, services.config.seller)
      return
    }
    case 'charge':
      await allOf(
        Array.from({ length: one.workers }, async () => {
          await openDueCharges(sql, 100, actor)
          for (const paymentId of await listUnraisedCharges(sql, 100))
            if (own.some(({ mandate }) => paymentId.includes(mandate))) await raiseCharge(services, paymentId, actor)
        }),
      )
      return
    case 'looks':
      for (const each of await leaseMandatesToLookAt(sql, 100))
        if (ids.includes(each)) await refreshMandate(services, each, actor, 'patient')
      return
    case 'end':
      if (id) await endMandate(services, id, 'customer', { actor, origin: null })
      return
    case 'call off': {
      const [charge] = await sql<{ paymentId: string }[]>`
        select payment_id from mandate_charges c join mandates m on m.id = c.mandate_id
        where m.user_id = ${user.id} and c.final_at is null`
      if (charge) await callChargeOff(sql, charge.paymentId, 'price', { actor, origin: null })
      return
    }
    case 'fault':
      cashfree[one.name] = one.count
      return
    case 'time':
      if (one.by === 'near the end') {
        const [row] =
          await sql`select from subscriptions where user_id = ${user.id} and current_period_end > now() + interval '3 days'`
        if (row) await nearTheEnd(fixture, user)
      } else await later(fixture, user, one.by)
      return
    case 'together':
      return perform(life, one)
    default:
      return changePerson(life, one.do)
  }
}

async function changePerson(life: Life, what: Change): Promise<void> {
  const { sql } = life.fixture
  const { id } = life.user
  if (what === 'leave') await sql`select leave_at_end(${id}, '', '', ${actor}, null)`
  if (what === 'stay') await sql`select resume_subscription(${id}, ${actor}, null)`
  if (what === 'suspend') await sql`update users set suspended_at = now(), suspended_reason = 'x' where id = ${id}`
  if (what === 'lift') await sql`update users set suspended_at = null, suspended_reason = null where id = ${id}`
  if (what === 'grant')
    await sql`
      select grant_days(${id}, 5, 'test', gen_random_uuid()::text, current_period_end, ${actor}, null)
      from subscriptions where user_id = ${id}`
  if (what === 'delete') {
    const [done] = await sql<{ answer: string }[]>`
      select delete_account(${id}, current_period_end, 'x', ${actor}, null) as answer from subscriptions where user_id = ${id}`
    if (done!.answer === 'deleted') life.isDeleted = true
  }
  if (what !== 'pay by hand') return
  const [underWay] = await sql`select from money_under_way(${id})`
  if (underWay) return
  const orderId = `ds_${crypto.randomUUID().slice(0, 18)}`
  const [opened] = await sql<{ orderId: string | null; refusal: string | null; paise: number }[]>`
    select opened.order_id, opened.refusal, o.amount_paise as paise
    from open_order_as_wished(${id}, 'monthly', ${orderId}, 30, '{}') opened left join orders o on o.id = opened.order_id`
  if (opened!.refusal !== null || opened!.orderId !== orderId) return
  const [{ outcome } = { outcome: '' }] = await sql<{ outcome: string }[]>`
    select settle_order(${orderId}, ${sql.json({
      ...{ orderId, status: 'PAID', amountPaise: opened!.paise ?? 49_900, currency: 'INR' },
      attempts: [
        { cfPaymentId: `pay_${orderId}`, status: 'SUCCESS', amountPaise: opened!.paise ?? 49_900, currency: 'INR' },
      ],
    })}, ${actor}, ${sql.json(life.services.config.seller as never)}) as outcome`
  if (outcome === 'paid') life.paidByHand++
}

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sql } from '../../src/platform/db.ts'
import { untilLocked } from '../support/until.ts'
import type { Action } from './actions.ts'
import { openFixture, type PropertyFixture, somebody } from './fixture.ts'
import { play } from './run.ts'

let fixture: PropertyFixture
beforeAll(async () => {
  fixture = await openFixture()
  await fixture.empty()
})
afterAll(() => fixture.close())

const pay: Action = { do: 'pay', order: 0, extraPaise: 0, newAttempt: false, when: 'now' }
const back: Action = { do: 'return', order: 0, instance: 0 }
const fault = (name: Extract<Action, { do: 'fault' }>['name'], count: number): Action => ({ do: 'fault', name, count })
const webhook = (which: number, wait = true): Action => ({ do: 'webhook', which, instance: 1, how: 'once', wait })
const dashboard: Action = { do: 'dashboard refund', order: 0, part: 'all' }
const refund: Action = { do: 'refund', order: 0, instance: 0, part: 'all', how: 'once' }

const grant: Action = { do: 'grant', user: 0, days: 30, how: 'once', instance: 0 }

/** What the property found, or thinking about it: every sequence once broke the books. */
const found: [string, Action[]][] = [
  ['an order paid again after it was paid, the second webhook lost', [pay, back, pay]],
  [
    'an order paid again, and the payments cannot be read when its webhook comes',
    [pay, back, pay, fault('paymentsUnreadable', 2), webhook(0)],
  ],
  [
    'too little paid, and given back in the dashboard, its webhook lost',
    [{ ...pay, extraPaise: -100 }, dashboard, webhook(0)],
  ],
  [
    'held back because the amount seemed wrong, refunded meanwhile, and then it agrees',
    [fault('wrongAmount', 1), pay, webhook(0), dashboard, fault('wrongAmount', 2), webhook(0)],
  ],
  ['a fee paid on top, and everything refunded, fee included', [{ ...pay, extraPaise: 1_180 }, back, refund]],
  ['refunded here and in the dashboard at once, then paid again', [pay, back, dashboard, refund, pay]],
  [
    'the extra payment refunded here, then the whole price in the dashboard',
    [pay, back, { ...pay, newAttempt: true }, back, refund, { do: 'send-refunds', instance: 0, due: true }],
  ],
  [
    'a refund heard of while Cashfree is away, then a payment event of the same order',
    [pay, back, dashboard, fault('serverError', 3), webhook(0, false), webhook(1)],
  ],
  [
    'money that comes for an account deleted meanwhile, and goes back in the dashboard',
    [{ do: 'delete account', user: 0, instance: 0 }, pay, webhook(0), dashboard, webhook(0)],
  ],
  [
    'money for somebody who is suspended meanwhile, refunded, and lifted',
    [
      { do: 'pending', order: 0 },
      { do: 'suspend', user: 0, instance: 0 },
      pay,
      webhook(0),
      dashboard,
      { do: 'reconcile', instance: 0, due: true },
      { do: 'lift', user: 0, instance: 1 },
    ],
  ],
  [
    'money for somebody who is suspended, given back, and then less than the price comes on top',
    [{ do: 'suspend', user: 0, instance: 0 }, pay, back, refund, { ...pay, extraPaise: -100 }, back],
  ],
  [
    'a fee paid on top, all but the fee given back before it could count, and the suspension lifted',
    [
      { do: 'suspend', user: 0, instance: 0 },
      { ...pay, extraPaise: 1_180 },
      back,
      { ...refund, part: 'half' },
      dashboard,
      { do: 'lift', user: 0, instance: 1 },
    ],
  ],
  [
    'less than the price, taken back by the bank, and given back in the dashboard as well, its webhook lost',
    [
      { ...pay, extraPaise: -100 },
      { do: 'dispute', order: 0, part: 'all', type: 'DISPUTE', end: 'lost' },
      webhook(0),
      dashboard,
      { do: 'reconcile', instance: 0, due: true },
    ],
  ],
  [
    'a suspension that is lifted before anybody gave the money back',
    [{ do: 'suspend', user: 0, instance: 0 }, pay, webhook(0), { do: 'lift', user: 0, instance: 1 }],
  ],
  [
    'an order that is called paid and shows the payment of another',
    [
      { do: 'open', user: 1, plan: 'monthly', instance: 0 },
      { ...pay, order: 1 },
      { do: 'borrowed payments', names: 1, count: 2 },
      back,
    ],
  ],
  [
    'two orders whose payments are listed under each other',
    [
      { do: 'open', user: 0, plan: 'annual', instance: 0 },
      { do: 'foreign payment', names: 1, count: 1 },
      pay,
      back,
      { do: 'foreign payment', names: 0, count: 2 },
      { ...pay, order: 1 },
      { ...back, order: 1 },
    ],
  ],
  [
    'days granted by two at once around a purchase that is enjoyed for a while, refunded, and cancelled',
    [
      { ...grant, how: 'two admins' },
      pay,
      back,
      grant,
      { do: 'time', user: 0, days: 17 },
      { ...refund, how: 'two admins' },
      dashboard,
      { do: 'cancel', user: 0, how: 'twice', instance: 0 },
      grant,
    ],
  ],
]

test.each(found)('%s', async (_, actions) => {
  expect(await play(fixture, actions)).toEqual([])
})

/** Does `work` while somebody holds these rows; those who wait for them go on afterwards. */
async function whileHeld(
  rows: (sql: Sql) => PromiseLike<unknown>,
  work: (waiting: (many: number) => Promise<void>) => Promise<unknown>,
): Promise<void> {
  await fixture.sql.begin(async (holding) => {
    await rows(holding as unknown as Sql)
    await work((many) => untilLocked(fixture.sql, many))
  })
}

const person = () => fixture.instances[0].insertUser(somebody(`p${randomUUID().slice(0, 12)}`, fixture.passwordHash))
const by = () => ({ actor: fixture.admins[0], origin: null })

test('two tabs that open a checkout at the very moment the price changes have one order', async () => {
  const [one, two] = fixture.instances
  const user = await person()
  await fixture.stock()
  const [plan] = await fixture.sql<{ key: string }[]>`select key from plans where name = 'monthly' and on_sale`
  const opening: Promise<{ id: string }>[] = []
  await whileHeld(
    (sql) => sql`select from users where id = ${user.id} for update`,
    async (waiting) => {
      opening.push(one.open(user, 'monthly'))
      await waiting(1)
      await one.changePrice({ replaces: plan!.key, pricePaise: 59_900, by: by() })
      opening.push(two.open(user, 'monthly'))
      await waiting(2)
    },
  )
  const orders = await Promise.all(opening)
  expect(new Set(orders.map(({ id }) => id)).size).toBe(1)
})

test.each(['deleted_at = now()', `suspended_at = now(), suspended_reason = 'at the same moment'`])(
  'an account that becomes %s at the very moment a checkout is opened gets no order',
  async (change) => {
    const user = await person()
    const opening: Promise<unknown>[] = []
    await whileHeld(
      (sql) => sql.unsafe(`update users set ${change} where id = '${user.id}'`),
      async (waiting) => {
        opening.push(expect(fixture.instances[0].open(user, 'monthly')).rejects.toThrow('not offered'))
        await waiting(1)
      },
    )
    await Promise.all(opening)
    expect(await fixture.sql`select from orders where user_id = ${user.id}`).toHaveLength(0)
  },
)

test('a suspension waits for a payment that is being settled, and holds what comes after it', async () => {
  const [one, two] = fixture.instances
  const user = await person()
  const { id } = await one.open(user, 'monthly')
  fixture.sandbox.control.pay(id)
  const acts: Promise<unknown>[] = []
  await whileHeld(
    (sql) => sql`select from orders where id = ${id} for update`,
    async (waiting) => {
      acts.push(two.suspend(user.id, 'at the same moment', by()))
      await waiting(1)
      acts.push(one.look(id, 'return'))
      await waiting(2)
    },
  )
  expect(await Promise.all(acts)).toEqual(['done', 'held'])
  const [order] = await fixture.sql`select paid_at, held_at is not null as is_held from orders where id = ${id}`
  expect(order).toMatchObject({ paidAt: null, isHeld: true })
})

test('suspended and signed out at the same moment, neither act stands in the other’s way', async () => {
  const [one, two] = fixture.instances
  const user = await person()
  await one.signIn(user.id)
  await one.signIn(user.id)
  const acts: Promise<unknown>[] = []
  await whileHeld(
    (sql) => sql`
      select from sessions where id_hash = (select id_hash from sessions where user_id = ${user.id} order by ctid desc limit 1) for update`,
    async (waiting) => {
      acts.push(one.signOut(user.id, by()))
      await waiting(1)
      acts.push(two.suspend(user.id, 'at the same moment', by()))
      await waiting(2)
    },
  )
  expect(await Promise.all(acts)).toEqual([2, 'done'])
  expect(await fixture.sql`select from sessions where user_id = ${user.id}`).toHaveLength(0)
})

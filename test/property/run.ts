import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { checkBooks } from '../../src/books/books.ts'
import { ControlError } from '../../src/embedded/sandbox/control.ts'
import type { User } from '../../src/users/users.ts'
import { keys } from '../support/app.ts'
import { deliver, signed } from '../webhooks/sender.ts'
import type { Action } from './actions.ts'
import { type BookedOrder, type BookedUser, differences, type Model, type ModelRefund } from './model.ts'
import type { World } from './world.ts'

/** What one sequence has at hand while it runs. */
type Run = { world: World; model: Model; users: User[]; refunds: Set<string>; delivered: Set<number> }

/**
 * Plays a sequence against two instances and the look-alike, lets everything come to rest, and compares. Answers the
 * sentences in which the books differ from what happened, invariants that do not hold included.
 */
export async function play(world: World, actions: Action[]): Promise<string[]> {
  const run: Run = {
    world,
    model: { orders: new Map(), users: [] },
    users: [],
    refunds: new Set(),
    delivered: new Set(),
  }
  world.sandbox.control.clearFaults()
  world.sandbox.control.settings({ refundOutcome: 'SUCCESS' })
  for (const _ of [0, 1]) await enter(run)
  await act(run, { do: 'open', user: 0, plan: 'monthly', instance: 0 })
  for (const action of actions) await act(run, action)
  await rest(run)
  return compare(run)
}

async function enter(run: Run) {
  const id = randomBytes(6).toString('hex')
  const user = await run.world.instances[0].insertUser({
    name: 'Asha Rao',
    username: `u${id}`,
    email: `${id}@example.in`,
    phone: '+919876500001',
    stateCode: '27',
    passwordHash: 'none',
    consentedTo: 'test',
  })
  run.users.push(user)
  run.model.users.push(user.id)
}

async function act(run: Run, action: Action): Promise<void> {
  const { control } = run.world.sandbox
  const at = (i: number) => [...run.model.orders.keys()][i % Math.max(1, run.model.orders.size)]
  switch (action.do) {
    case 'open':
    case 'startOver': {
      await run.world.instances[action.instance][action.do](run.users[action.user]!, action.plan).catch(expected)
      return rememberOrders(run, action.user)
    }
    case 'pay':
      return pay(run, at(action.order), action)
    case 'fail':
    case 'drop':
    case 'pending':
    case 'expire': {
      const id = at(action.order)
      if (id) ifPossible(() => control[action.do](id))
      return
    }
    case 'webhook':
      return webhook(run, action)
    case 'return':
    case 'poll': {
      const id = at(action.order)
      if (id) await run.world.instances[action.instance].look(id, action.do).catch(expected)
      return
    }
    case 'reconcile':
    case 'settle-events':
    case 'send-refunds':
      if (action.due) await run.world.makeDue(run.model.users)
      await run.world.instances[action.instance].run(action.do)
      return
    case 'refund':
      return refund(run, at(action.order), action)
    case 'dashboard refund':
      return dashboardRefund(run, at(action.order), action.part)
    case 'refunds end':
      control.settings({ refundOutcome: action.as })
      return
    case 'fault':
      control.faults({ [action.name]: { count: action.count, ms: 30, retryAfterS: 0.02 } })
      return
    case 'together':
      await Promise.all(action.actions.map((each) => act(run, each)))
  }
}

/** Starting over opens two orders and answers one, so the rows are asked for what can be paid from now on. */
async function rememberOrders({ world, model, users }: Run, user: number) {
  const orders = await world.sql<{ id: string; pricePaise: number; months: number }[]>`
    select o.id, p.price_paise, p.months from orders o join plans p on p.key = o.plan_key
    where o.user_id = ${users[user]!.id} order by o.created_at`
  for (const order of orders)
    if (!model.orders.has(order.id)) model.orders.set(order.id, { ...order, user, captured: [] })
}

function pay(run: Run, id: string | undefined, action: Extract<Action, { do: 'pay' }>) {
  const order = id === undefined ? undefined : run.model.orders.get(id)
  if (!order) return
  const paise = order.pricePaise + action.extraPaise
  const { newAttempt, when } = action
  const outcome = ifPossible(() => run.world.sandbox.control.pay(order.id, { amount: paise / 100, newAttempt, when }))
  const payment = outcome?.payment as { cf_payment_id: string | number; payment_status: string } | undefined
  if (payment?.payment_status === 'SUCCESS') order.captured.push({ cfPaymentId: String(payment.cf_payment_id), paise })
}

async function webhook(run: Run, { which, instance, how, wait }: Extract<Action, { do: 'webhook' }>) {
  const deliveries = run.world.sandbox.control
    .deliveries()
    .filter(({ orderId }) => orderId && run.model.orders.has(orderId))
  const delivery = deliveries[which % Math.max(1, deliveries.length)]
  if (!delivery) return
  const app = run.world.instances[instance]
  const timestamp = String(Date.now() - (how === 'too-old' ? 30 * 24 * 3600_000 : 0))
  const secret = how === 'forged' ? 'somebody else' : keys.clientSecret
  for (let copy = 0; copy < (how === 'twice' ? 2 : 1); copy++) {
    const answer = await deliver(app, delivery.body, signed(delivery.body, { timestamp, secret }))
    if (answer.status !== (how === 'forged' ? 401 : 200)) throw new Error(`a webhook was answered ${answer.status}`)
  }
  if (wait) await run.world.doorsQuiet()
}

async function refund(run: Run, orderId: string | undefined, { instance, part }: Extract<Action, { do: 'refund' }>) {
  const app = run.world.instances[instance]
  if (!orderId) return
  const [row] = await run.world.sql<{ cfPaymentId: string; amountPaise: number; ordinal: number }[]>`
    select p.cf_payment_id, p.amount_paise,
           (select 1 + count(*)::int from refunds r where r.cf_payment_id = p.cf_payment_id and r.requested_by <> 'cashfree') as ordinal
    from payments p where p.order_id = ${orderId} and p.status = 'SUCCESS' order by p.applied_at nulls first limit 1`
  if (!row) return
  const amountPaise =
    part === 'all' ? row.amountPaise : part === 'half' ? Math.floor(row.amountPaise / 2) : row.amountPaise + 1
  const asked = await app
    .refund({
      cfPaymentId: row.cfPaymentId,
      ordinal: row.ordinal,
      amountPaise,
      reason: 'a property',
      actor: 'user:admin',
    })
    .catch(expected)
  if (asked && part === 'too much') throw new Error('more than was captured was promised back')
}

async function dashboardRefund(run: Run, orderId: string | undefined, part: 'all' | 'half') {
  const order = orderId === undefined ? undefined : run.model.orders.get(orderId)
  if (!order?.captured[0]) return
  // Cashfree refunds an order; of one paid twice and refunded before, its choice of payment is nobody's to predict.
  const before = ifPossible(() => run.world.sandbox.control.order(order.id).refunds)?.filter(
    ({ automatic }) => !automatic,
  )
  const promised = await run.world.sql`select from refunds where order_id = ${order.id} and status = 'requested'`
  if (order.captured.length > 1 && (before?.length ?? 0) + promised.length > 0) return
  const paise = part === 'all' ? order.captured[0].paise : Math.floor(order.captured[0].paise / 2)
  await fetch(`${run.world.apiBase}/orders/${orderId}/refunds`, {
    method: 'POST',
    headers: { 'x-client-id': keys.clientId, 'x-client-secret': keys.clientSecret, 'x-api-version': '2025-01-01' },
    body: JSON.stringify({ refund_id: `dash_${randomBytes(6).toString('hex')}`, refund_amount: paise / 100 }),
  }).catch(() => {})
}

/** Faults end, held refunds come through, some webhooks were never delivered: what is left to the jobs alone. */
async function rest(run: Run) {
  const { world, model } = run
  world.sandbox.control.clearFaults()
  for (const id of run.model.orders.keys()) {
    const known = ifPossible(() => world.sandbox.control.order(id))
    for (const { id: refundId, status } of known?.refunds ?? [])
      if (status === 'PENDING' || status === 'ONHOLD') world.sandbox.control.settleRefund(refundId, 'SUCCESS')
  }
  world.sandbox.control.settings({ refundOutcome: 'SUCCESS' })
  await world.doorsQuiet()
  await pause(25) // the longest that a 429 of these runs asks to be left alone
  for (let round = 0; round < 3; round++) {
    await world.makeDue(model.users)
    const [one, two] = round % 2 === 0 ? world.instances : world.instances.toReversed()
    await one!.run('settle-events')
    await two!.run('reconcile')
    await one!.run('send-refunds')
    await world.sandbox.control.settled()
  }
  await world.leaveAlone(model.users)
}

async function compare(run: Run): Promise<string[]> {
  const ids = [...run.model.orders.keys()]
  const refunds: ModelRefund[] = ids.flatMap((id) =>
    (ifPossible(() => run.world.sandbox.control.order(id))?.refunds ?? []).flatMap((r) =>
      r.automatic ? [] : [{ id: r.id, orderId: id, paise: r.amountPaise, status: r.status as ModelRefund['status'] }],
    ),
  )
  const books = await readBooks(
    run.world,
    run.users.map(({ id }) => id),
  )
  const report = await checkBooks(run.world.sql)
  return [
    ...differences(run.model, refunds, books),
    ...report.checks.filter(({ wrong }) => wrong > 0).map(({ broken, ids }) => `${broken}: ${ids.join(', ')}`),
    ...report.money.filter(({ missing }) => missing !== 0).map((money) => `the sums differ: ${JSON.stringify(money)}`),
  ]
}

async function readBooks({ sql }: World, userIds: string[]): Promise<{ orders: BookedOrder[]; users: BookedUser[] }> {
  const orders = await sql<BookedOrder[]>`
    select o.id, o.status,
      (select coalesce(jsonb_agg(cf_payment_id), '[]') from payments p where p.order_id = o.id and applied_at is not null) as applied,
      (select coalesce(jsonb_object_agg(cf_payment_id, amount_paise), '{}') from payments p where p.order_id = o.id and status = 'SUCCESS') as successes,
      (select count(*)::int from subscription_periods p where p.order_id = o.id and voided_at is null) as periods,
      (select count(*)::int from subscription_periods p where p.order_id = o.id and voided_at is not null) as voided,
      (select amount_paise from receipts r where r.order_id = o.id) as receipt_paise,
      (select count(*)::int from mails m join receipts r on r.number = m.subject_key where m.kind = 'receipt' and r.order_id = o.id) as receipt_mails,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'status', status, 'paise', amount_paise, 'cfPaymentId', cf_payment_id)), '[]')
       from refunds r where r.order_id = o.id and id not like 'auto%') as refunds,
      (select coalesce(sum(c.amount_paise), 0)::int from credit_notes c join receipts r on r.number = c.receipt_number where r.order_id = o.id) as credited_paise,
      (select coalesce(jsonb_agg(kind || ':' || subject_key), '[]') from incidents i where i.order_id = o.id) as incidents
    from orders o where o.user_id in ${sql(userIds)}`
  const users = await sql<BookedUser[]>`
    select s.user_id as id, s.status, has_access(s) is true as has_access,
           (extract(epoch from s.current_period_end - now()) / 86400)::float8 as days_left
    from subscriptions s where s.user_id in ${sql(userIds)}`
  return { orders: [...orders], users: [...users] }
}

/** What people may be answered while something is broken on purpose; everything else is a bug. */
function expected(error: unknown): undefined {
  const { name } = error as Error
  if (['GatewayUnavailable', 'GatewayRefused', 'AppError'].includes(name)) return undefined
  throw error
}

function ifPossible<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof ControlError) return undefined
    throw error
  }
}

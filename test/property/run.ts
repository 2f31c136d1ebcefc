import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { User } from '../../src/identity/users/queries.ts'
import { checkInvariants } from '../../src/operations/integrity/integrity.ts'
import { deliver, signed } from '../billing/webhooks/sender.ts'
import { keys } from '../support/app.ts'
import type { Action } from './actions.ts'
import { expected, ifPossible } from './answers.ts'
import { by, isCommand, perform, severalAtOnce } from './commands.ts'
import { type PropertyFixture, somebody } from './fixture.ts'
import { differences, isLost, type Model, type ModelDispute, type ModelRefund } from './model.ts'
import { countsOf, readLedger } from './reading.ts'

/**
 * What one sequence has at hand while it runs. `wrong` is what was seen to be wrong on the way; `busy` while an endpoint may still
 * be settling what it answered.
 */
export type Run = { fixture: PropertyFixture; model: Model; users: User[]; wrong: string[]; busy: boolean }

/**
 * Plays a sequence against two instances and the look-alike, lets everything come to rest, and compares. Answers the
 * sentences in which the books differ from what happened, invariants that do not hold included.
 */
export async function play(fixture: PropertyFixture, actions: Action[]): Promise<string[]> {
  const run: Run = {
    fixture,
    model: { orders: new Map(), users: [], grants: new Map(), cancels: new Map(), gone: new Set(), used: {} },
    users: [],
    wrong: [],
    busy: false,
  }
  const deadlocks = await fixture.deadlocks()
  await fixture.stock()
  fixture.sandbox.control.clearFaults()
  fixture.sandbox.control.settings({ refundOutcome: 'SUCCESS' })
  for (const _ of [0, 1]) await enter(run)
  await act(run, { do: 'open', user: 0, plan: 'monthly', instance: 0 })
  for (const action of actions) await act(run, action)
  await rest(run)
  const differing = await compare(run)
  const more = (await fixture.deadlocks()) - deadlocks
  return [...run.wrong, ...differing, ...(more > 0 ? [`${more} deadlocks, in this sequence or just before`] : [])]
}

async function enter(run: Run) {
  const name = `u${randomBytes(6).toString('hex')}`
  const user = await run.fixture.instances[0].insertUser(somebody(name, run.fixture.passwordHash))
  run.users.push(user)
  run.model.users.push(user.id)
}

async function act(run: Run, action: Action, alone = true): Promise<void> {
  const { control } = run.fixture.sandbox
  const at = (i: number) => [...run.model.orders.keys()][i % Math.max(1, run.model.orders.size)]
  if (isCommand(action)) return perform(run, action, alone && !run.busy)
  switch (action.do) {
    case 'open':
    case 'startOver': {
      await run.fixture.instances[action.instance][action.do](run.users[action.user]!, action.plan).catch(expected)
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
      if (id) await run.fixture.instances[action.instance].look(id, action.do).catch(expected)
      return
    }
    case 'reconcile':
    case 'settle-events':
    case 'send-refunds':
    case 'keep-statuses':
    case 'seal-audit':
    case 'remind':
    case 'figures':
    case 'watch-disputes':
      if (action.due) await run.fixture.makeDue(run.model.users)
      await run.fixture.instances[action.instance].run(action.do)
      return
    case 'refund':
      return refund(run, at(action.order), action)
    case 'dashboard refund':
      return dashboardRefund(run, at(action.order), action.part)
    case 'dispute':
      return dispute(run, at(action.order), action)
    case 'dispute moves':
      return moveDispute(run, action)
    case 'refunds end':
      control.settings({ refundOutcome: action.as })
      return
    case 'fault':
      control.faults({ [action.name]: { count: action.count, ms: 30, retryAfterS: 0.02 } })
      return
    case 'foreign payment':
    case 'borrowed payments': {
      const named = [...run.model.orders.keys()][action.names]
      const fault = action.do === 'foreign payment' ? 'foreignPayment' : 'borrowedPayments'
      control.faults({ [fault]: { count: action.count, orderId: named ?? 'nobody_s_order' } })
      return
    }
    case 'together':
      await Promise.all(action.actions.map((each) => act(run, each, false)))
      return
    case 'time':
      return letTimePass(run, action)
  }
}

/** Starting over opens two orders and answers one, so the rows are asked for what can be paid from now on. */
async function rememberOrders({ fixture, model, users }: Run, user: number) {
  const orders = await fixture.sql<{ id: string; pricePaise: number; months: number }[]>`
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
  const outcome = ifPossible(() => run.fixture.sandbox.control.pay(order.id, { amount: paise / 100, newAttempt, when }))
  const payment = outcome?.payment as { cf_payment_id: string | number; payment_status: string } | undefined
  if (payment?.payment_status === 'SUCCESS') order.captured.push({ cfPaymentId: String(payment.cf_payment_id), paise })
}

async function webhook(run: Run, { which, instance, how, wait }: Extract<Action, { do: 'webhook' }>) {
  const deliveries = run.fixture.sandbox.control
    .deliveries()
    .filter(({ orderId }) => orderId && run.model.orders.has(orderId))
  const delivery = deliveries[which % Math.max(1, deliveries.length)]
  if (!delivery) return
  const app = run.fixture.instances[instance]
  const timestamp = String(Date.now() - (how === 'too-old' ? 30 * 24 * 3600_000 : 0))
  const secret = how === 'forged' ? 'somebody else' : keys.clientSecret
  for (let copy = 0; copy < (how === 'twice' ? 2 : 1); copy++) {
    const answer = await deliver(app, delivery.body, signed(delivery.body, { timestamp, secret }))
    if (answer.status !== (how === 'forged' ? 401 : 200)) throw new Error(`a webhook was answered ${answer.status}`)
  }
  if (wait) await run.fixture.endpointsQuiet()
  run.busy = !wait
}

/**
 * So many days go by for one person: everything of theirs that has an end comes nearer to it. What is enjoyed of each
 * period meanwhile is kept in mind.
 */
async function letTimePass({ fixture, model, users }: Run, { user, days }: Extract<Action, { do: 'time' }>) {
  const id = users[user]!.id
  // Some hours on top, so that no period starts where another one just did.
  const hours = 24 * days + 7
  const passing = `make_interval(hours => ${hours})`
  // The lock first: a payment that is being settled at this moment belongs before or after, not in between.
  const results = (await fixture.sql.unsafe(`
    select from subscriptions where user_id = '${id}' for update;
    with used as (
      select id, extract(epoch from least(ends_at, now() + ${passing}) - greatest(starts_at, now())) / 86400 as days
      from subscription_periods where user_id = '${id}' and voided_at is null
    ), periods as (
      update subscription_periods
      set starts_at = starts_at - ${passing}, ends_at = ends_at - ${passing}, created_at = created_at - ${passing}
      where user_id = '${id}'
    ), subscription as (
      update subscriptions
      set current_period_start = current_period_start - ${passing}, current_period_end = current_period_end - ${passing}
      where user_id = '${id}'
    )
    select id, days::float8 as used from used where days > 0`)) as unknown as { id: string; used: number }[][]
  for (const { id: period, used } of results.at(-1)!) model.used[period] = (model.used[period] ?? 0) + used
}

async function refund(
  run: Run,
  orderId: string | undefined,
  { instance, part, how }: Extract<Action, { do: 'refund' }>,
) {
  if (!orderId) return
  const [row] = await run.fixture.sql<
    { cfPaymentId: string; amountPaise: number; leftPaise: number; ordinal: number }[]
  >`
    select p.cf_payment_id, p.amount_paise, p.amount_paise - gone_or_going(p.cf_payment_id) as left_paise,
           (select 1 + count(*)::int from refunds r where r.cf_payment_id = p.cf_payment_id and r.requested_by <> 'cashfree') as ordinal
    from payments p where p.order_id = ${orderId} and p.status = 'SUCCESS' order by p.applied_at nulls first limit 1`
  if (!row) return
  const amountPaise =
    part === 'all' ? row.amountPaise : part === 'half' ? Math.floor(row.amountPaise / 2) : row.amountPaise + 1
  // Two administrators who saw the same page want different amounts back; the second one hears of the first.
  const done = await severalAtOnce(run, { how, instance }, (app, n) =>
    app.refund({
      cfPaymentId: row.cfPaymentId,
      ordinal: row.ordinal,
      amountPaise: how === 'two admins' ? Math.max(1, amountPaise - n) : amountPaise,
      reason: 'a property',
      leftPaise: row.leftPaise,
      ...by(run, n),
    }),
  )
  if (done > 0 && part === 'too much' && how !== 'two admins')
    run.wrong.push('more than was captured was promised back')
  if (how === 'two admins' && done > 1) run.wrong.push('two administrators refunded the same rest')
}

async function dashboardRefund(run: Run, orderId: string | undefined, part: 'all' | 'half') {
  const order = orderId === undefined ? undefined : run.model.orders.get(orderId)
  if (!order?.captured[0]) return
  // Cashfree refunds an order; of one paid twice and refunded before, its choice of payment is nobody's to predict.
  const before = ifPossible(() => run.fixture.sandbox.control.order(order.id).refunds)?.filter(
    ({ automatic }) => !automatic,
  )
  const promised = await run.fixture.sql`select from refunds where order_id = ${order.id} and status = 'requested'`
  if (order.captured.length > 1 && (before?.length ?? 0) + promised.length > 0) return
  const paise = part === 'all' ? order.captured[0].paise : Math.floor(order.captured[0].paise / 2)
  await fetch(`${run.fixture.apiBase}/orders/${orderId}/refunds`, {
    method: 'POST',
    headers: { 'x-client-id': keys.clientId, 'x-client-secret': keys.clientSecret, 'x-api-version': '2025-01-01' },
    body: JSON.stringify({ refund_id: `dash_${randomBytes(6).toString('hex')}`, refund_amount: paise / 100 }),
  }).catch(() => {})
}

function dispute(run: Run, id: string | undefined, { part, type, end }: Extract<Action, { do: 'dispute' }>) {
  const payment = id === undefined ? undefined : run.model.orders.get(id)?.captured.at(-1)
  if (!id || !payment) return
  const amount = (part === 'all' ? payment.paise : Math.floor(payment.paise / 2)) / 100
  const { control } = run.fixture.sandbox
  ifPossible(() => {
    const { dispute_id } = control.dispute(id, { cfPaymentId: payment.cfPaymentId, amount, type })
    if (end) control.closeDispute(dispute_id, end)
  })
}

/** What is lost is lost here: what follows when it turns afterwards is for a person, and has tests of its own. */
function moveDispute(run: Run, { which, to }: Extract<Action, { do: 'dispute moves' }>) {
  const { control } = run.fixture.sandbox
  const all = [...run.model.orders.keys()].flatMap((id) => ifPossible(() => control.order(id))?.disputes ?? [])
  const one = all[which % Math.max(1, all.length)]
  if (!one || isLost(one)) return
  if (to === 'escalate') ifPossible(() => control.escalateDispute(one.id))
  else if (one.resolvedAt !== null) return
  else if (to === 'review') control.updateDispute(one.id)
  else control.closeDispute(one.id, to)
}

/** Faults end, held refunds come through, some webhooks were never delivered: what is left to the jobs alone. */
async function rest(run: Run) {
  const { fixture, model } = run
  fixture.sandbox.control.clearFaults()
  for (const id of run.model.orders.keys()) {
    const known = ifPossible(() => fixture.sandbox.control.order(id))
    for (const { id: refundId, status } of known?.refunds ?? [])
      if (status === 'PENDING' || status === 'ONHOLD') fixture.sandbox.control.settleRefund(refundId, 'SUCCESS')
  }
  fixture.sandbox.control.settings({ refundOutcome: 'SUCCESS' })
  await fixture.endpointsQuiet()
  await pause(25) // the longest that a 429 of these runs asks to be left alone
  for (let round = 0; round < 3; round++) {
    await fixture.makeDue(model.users)
    const [one, two] = round % 2 === 0 ? fixture.instances : fixture.instances.toReversed()
    await one!.run('settle-events')
    await two!.run('reconcile')
    await one!.run('send-refunds')
    await two!.run('watch-disputes')
    await two!.run('keep-statuses')
    await fixture.sandbox.control.settled()
  }
  // A dispute whose webhook never came is known only once somebody asks.
  for (const id of model.orders.keys()) await fixture.instances[0].askAboutDisputes(id)
  await fixture.leaveAlone(model.users)
}

async function compare(run: Run): Promise<string[]> {
  const ids = [...run.model.orders.keys()]
  const refunds: ModelRefund[] = ids.flatMap((id) =>
    (ifPossible(() => run.fixture.sandbox.control.order(id))?.refunds ?? []).flatMap((r) =>
      r.automatic ? [] : [{ id: r.id, orderId: id, paise: r.amountPaise, status: r.status as ModelRefund['status'] }],
    ),
  )
  const books = await readLedger(
    run.fixture,
    run.users.map(({ id }) => id),
  )
  const report = await checkInvariants(run.fixture.sql)
  return [
    ...differences(run.model, refunds, new Map(ids.map((id) => [id, disputesOf(run, id)])), books),
    ...(await countsOf(run.fixture.sql)),
    ...report.checks.filter(({ wrong }) => wrong > 0).map(({ broken, ids }) => `${broken}: ${ids.join(', ')}`),
    ...report.money.filter(({ missing }) => missing !== 0).map((money) => `the sums differ: ${JSON.stringify(money)}`),
  ]
}

function disputesOf(run: Run, orderId: string): ModelDispute[] {
  const disputes = ifPossible(() => run.fixture.sandbox.control.order(orderId))?.disputes ?? []
  return disputes.map(({ id, attemptId, amountPaise, status, type }) => ({
    id,
    cfPaymentId: attemptId,
    paise: amountPaise,
    status,
    clear: type !== 'COMPLAINT' && status !== 'RETRIEVAL_MERCHANT_LOST',
  }))
}

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refreshMandate } from '../../src/billing/mandates/mandates.ts'
import { checkInvariants } from '../../src/operations/integrity/integrity.ts'
import { type Fixture, openFixture, somebody } from '../billing/mandates/fixture.ts'
import { type Act, histories, type Life, perform, WatchingCashfree } from './mandate-histories.ts'

const runs = Number(process.env.SEQUENCES ?? 300)
const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
/** The suite stops after half a minute whatever the machine; SEQUENCES asks for a number and gets it. */
const limitMs = process.env.SEQUENCES ? Number.POSITIVE_INFINITY : 30_000

let fixture: Fixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.close())

/** Plays a history to its end, with a Cashfree that then answers everything, and says what is not as the plain model has it. */
async function play(acts: Act[]): Promise<string[]> {
  const cashfree = new WatchingCashfree()
  cashfree.sql = fixture.sql
  const services = { ...fixture.services, gateway: { ...fixture.services.gateway, mandates: cashfree } }
  const user = await somebody(fixture)
  const own = { ...fixture, services, cashfree }
  const life: Life = {
    fixture: own,
    services,
    cashfree,
    user,
    wrong: [],
    remembered: [],
    isDeleted: false,
    paidByHand: 0,
  }
  for (const act of acts) await perform(life, act)
  Object.assign(cashfree, { away: 0, replyLost: 0, unread: 0 })
  if (!life.isDeleted) await perform(life, { do: 'lift' })
  await perform(life, { do: 'end' })
  for (let i = 0; i < 4; i++) await settleAll(life)
  return [...cashfree.wrong, ...(await wrongOf(life))]
}

/** Everything is asked about; what Cashfree calls open for days is then over. */
async function settleAll({ fixture: { sql }, services, user }: Life) {
  const ids = await sql<{ id: string }[]>`select subscription_id as id from mandates where user_id = ${user.id}`
  await sql`update mandates set created_at = least(created_at, now() - interval '3 hours') where user_id = ${user.id}`
  for (const { id } of ids) await refreshMandate(services, id, 'test')
  await sql`update mandate_charges c set asked_at = asked_at - interval '2 days' from mandates m
            where m.id = c.mandate_id and m.user_id = ${user.id}`
  await sql`update mandates set ended_at = ended_at - interval '2 days', cancel_asked_at = cancel_asked_at - interval '2 days'
            where user_id = ${user.id}`
}

async function wrongOf({ fixture: { sql }, cashfree, user, isDeleted, paidByHand }: Life): Promise<string[]> {
  const wrong: string[] = []
  const rows = await sql<{ cfPaymentId: string; orderId: string; applied: boolean }[]>`
    select p.cf_payment_id, p.order_id, p.applied_at is not null as applied from payments p join orders o on o.id = p.order_id
    where o.user_id = ${user.id} and o.mandate_id is not null and p.status = 'SUCCESS'`
  const payments = new Map(rows.map((row) => [row.cfPaymentId, row]))
  const told = JSON.stringify(
    await sql`select kind, subject_key, order_id, details from incidents where user_id = ${user.id}`,
  )
  const mandates = await sql<
    { subscriptionId: string; firstOrderId: string | null; givenBack: string | null; paise: number }[]
  >`
    select subscription_id, first_order_id, authorisation_payment as given_back, authorisation_paise as paise
    from mandates where user_id = ${user.id}`
  const charges = await sql<{ paymentId: string; paise: number }[]>`
    select c.payment_id, c.paise from mandate_charges c join mandates m on m.id = c.mandate_id where m.user_id = ${user.id}`
  let mayCount = 0
  for (const { subscriptionId, firstOrderId, givenBack, paise } of mandates) {
    let isFirst = true
    for (const debit of cashfree.mandates.get(subscriptionId)?.charges ?? []) {
      if (debit.status !== 'SUCCESS') continue
      const { cfPaymentId } = debit
      const payment = payments.get(cfPaymentId)
      const stored = charges.find(({ paymentId }) => paymentId === debit.paymentId)
      const isRight =
        debit.type === 'AUTH' ? isFirst && debit.amountPaise === paise : stored?.paise === debit.amountPaise
      if (debit.type === 'AUTH') isFirst = false
      if (debit.type === 'AUTH' && firstOrderId === null) {
        if (payment) wrong.push(`${cfPaymentId} is given back, and was booked`)
        if (isRight ? givenBack !== cfPaymentId : !told.includes(cfPaymentId))
          wrong.push(`${cfPaymentId} is not on record`)
        continue
      }
      if (isRight) mayCount++
      if (isRight && !isDeleted && !payment?.applied) wrong.push(`${cfPaymentId} was lost`)
      if (!isRight && payment?.applied) wrong.push(`${cfPaymentId} counts and must not`)
      if (!payment?.applied && !told.includes(cfPaymentId))
        wrong.push(`${cfPaymentId} does not count, and nobody is told`)
    }
  }
  const [counts] = await sql<{ periods: number; paid: number; due: number; open: number; underWay: string[] }[]>`
    select (select count(*)::int from subscription_periods where user_id = ${user.id} and order_id is not null) as periods,
           (select count(*)::int from orders where user_id = ${user.id} and paid_at is not null) as paid,
           (select count(*)::int from orders where user_id = ${user.id} and status in ('created', 'active') and held_at is null) as open,
           (select count(*)::int from receipts where user_id = ${user.id})
             + (select count(*)::int from receipts_due where user_id = ${user.id}) as due,
           (select coalesce(jsonb_agg(state), '[]') from money_under_way(${user.id}) where state not in ('held', 'withheld')) as under_way`
  const { periods, paid, due, open, underWay } = counts!
  const [end] = await sql<{ ours: Date | null; theirs: Date | null }[]>`
    select current_period_end as ours, (select max(least(ends_at, voided_at)) from subscription_periods p where p.user_id = s.user_id) as theirs
    from subscriptions s where user_id = ${user.id}`
  if (!isDeleted && end!.ours?.getTime() !== end!.theirs?.getTime())
    wrong.push('the subscription does not end with its last period')
  if (periods !== paid || due !== paid) wrong.push(`${paid} paid, ${periods} periods, ${due} receipts`)
  if (isDeleted ? paid > mayCount + paidByHand : paid !== mayCount + paidByHand)
    wrong.push(`${paid} paid where ${mayCount} debits and ${paidByHand} payments by hand came`)
  if (open > 0 || underWay.length > 0) wrong.push(`after the end ${open} orders are open, and under way is ${underWay}`)
  return wrong
}

test('whatever Cashfree says of mandates and whatever people do, each debit counts once, none falsely, none unwished', {
  timeout: Number.isFinite(limitMs) ? 120_000 : 24 * 3600_000,
}, async () => {
  console.log(`mandates: SEED=${seed} SEQUENCES=${runs}`)
  let played = 0
  const started = Date.now()
  const outcome = await fc.check(
    fc.asyncProperty(histories, async (acts) => {
      if (++played % 250 === 0) console.log(`${played} sequences, ${Math.round((Date.now() - started) / 1000)} s`)
      const wrong = await play(acts)
      if (wrong.length > 0) throw new Error(wrong.join('\n'))
    }),
    {
      numRuns: runs,
      seed,
      ...(process.env.PATH_ ? { path: process.env.PATH_ } : {}),
      ...(Number.isFinite(limitMs) ? { interruptAfterTimeLimit: limitMs, markInterruptAsFailure: false } : {}),
    },
  )
  console.log(`${played} sequences in ${Math.round((Date.now() - started) / 1000)} s`)
  if (outcome.failed)
    expect.fail(
      `SEED=${outcome.seed} after ${outcome.numRuns} sequences:\n${JSON.stringify(outcome.counterexample?.[0])}\n${String((outcome.errorInstance as Error)?.message)}`,
    )
  const { checks } = await checkInvariants(fixture.sql)
  // Nobody delivers mails here.
  expect(checks.filter(({ wrong, broken }) => wrong > 0 && broken !== 'broken_i20_overdue')).toEqual([])
})

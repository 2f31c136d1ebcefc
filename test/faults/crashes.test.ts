import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MailServer, startMailServer } from '../records/mails/server.ts'
import { newestOrder, paidOnce, tracesOf } from '../support/ledger.ts'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { until } from '../support/until.ts'
import { registration, stageOn, Visitor } from '../support/visitor.ts'

let harness: ProcessHarness
let mails: MailServer
let next: AppProcess
beforeAll(async () => {
  harness = await buildHarness()
  mails = await startMailServer()
}, 60_000)
afterAll(async () => {
  await harness.close()
  await mails.stop()
})

const start = () => harness.start({ SMTP_PORT: String(mails.port) })

/** Somebody who comes back to another process, with the cookies and the password they had. */
async function backAgain(form: Record<string, string>): Promise<Visitor> {
  const visitor = new Visitor(next)
  expect((await visitor.post('/login', { login: form.email!, password: form.password! })).status).toBe(303)
  return visitor
}

describe('a process that is killed', () => {
  const moments = [
    ['as Cashfree hears of the order, before it makes it', 'before'],
    ['when Cashfree has made the order, before it says so', 'after'],
    ['while the answer of Cashfree is on its way', 'answer'],
  ] as const

  test.each(moments)(
    'killed %s: the next process goes on with the same order, and Cashfree has one',
    {
      timeout: 60_000,
    },
    async (_what, moment) => {
      const app = await start()
      const { meter } = harness
      const form = registration()
      const target = meter.target!
      meter.instead = ({ method, path, headers, body }) => {
        if (method !== 'POST' || path !== '/pg/orders') return null
        meter.instead = () => null
        if (moment === 'before') app.child.kill('SIGKILL')
        // Otherwise the order is made behind the meter's back, and the process dies without, or just with, the answer.
        else
          void fetch(target + path, {
            method,
            body,
            headers: Object.entries(headers).filter(([name]) => /^(x-|content-type)/.test(name)) as [string, string][],
          }).then(() => app.child.kill('SIGKILL'))
        return moment === 'answer' ? null : 'hang-up'
      }
      await new Visitor(app).post('/register', form).catch(() => {})
      await app.stop('SIGKILL')
      meter.instead = () => null
      const order = await newestOrder(harness, form.email!)
      next = await start()
      const visitor = await backAgain(form)
      expect((await visitor.post('/checkout/monthly')).status).toBe(303)
      expect(stageOn(await visitor.get('/checkout/monthly'))).toBe('session-created')
      expect(await newestOrder(harness, form.email!)).toMatchObject({ id: order.id, status: 'active' })
      const known = harness.sandbox.control.state().orders.filter(({ customer }) => customer.email === form.email)
      expect(known.map(({ orderId }) => orderId)).toEqual([order.id])
      await next.stop()
    },
  )

  const mailMoments = [
    ['before the mail server took the mail', 'hang-up'],
    ['when the mail server had the mail, before it said so', 'drop-after-data'],
    ['when the mail server had said so', null],
  ] as const

  test.each(mailMoments)(
    'killed %s: the mail comes under one Message-ID, twice at most',
    { timeout: 60_000 },
    async (_what, moment) => {
      const app = await start()
      const visitor = new Visitor(app)
      const form = await visitor.register()
      const order = await newestOrder(harness, form.email!)
      const mine = () =>
        mails.taken.filter(({ to, messageId }) => to === form.email && messageId.startsWith('<receipt.'))
      await until(async () => mails.taken.some(({ to }) => to === form.email))
      let asked = 0
      mails.answer = (to) => {
        // Asked for the recipient first, then for the text.
        if (to !== form.email || ++asked < 2) return null
        mails.answer = () => null
        if (moment === null) setImmediate(() => app.child.kill('SIGKILL'))
        else app.child.kill('SIGKILL')
        return moment
      }
      harness.sandbox.control.pay(order.id)
      await visitor.get(`/payment/return?order_id=${order.id}`)
      await until(async () => app.child.signalCode !== null, 20_000)
      expect(await tracesOf(harness, order.id)).toMatchObject(paidOnce)
      // What the process had leased is free again after a minute.
      await harness.sql`update mails set next_attempt_at = now(), leased_until = null where to_email = ${form.email!} and status = 'queued'`
      next = await start()
      // Somebody else pays; their receipt wakes the job, so that nobody here waits for its turn.
      const other = new Visitor(next)
      const { id } = await newestOrder(harness, (await other.register()).email!)
      harness.sandbox.control.pay(id)
      await other.get(`/payment/return?order_id=${id}`)
      const queued = () => harness.sql`select from mails where to_email = ${form.email!} and status <> 'sent'`
      await until(async () => (await queued()).length === 0, 30_000)
      expect(mine().length).toBeGreaterThanOrEqual(1)
      expect(mine().length).toBeLessThanOrEqual(2)
      expect(new Set(mine().map(({ messageId }) => messageId)).size).toBe(1)
      await next.stop()
    },
  )
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { listIncidents } from '../../../src/admin/incidents/queries.ts'
import { resolveIncident } from '../../../src/records/incidents/incidents.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ ALERT_EMAIL: 'ops@example.in' })
})
afterAll(() => app.close())

const openIncidents = () => listIncidents(app.sql, { state: 'open', kind: '', order: '' }, null, 10)

async function alerts() {
  await app.run('alert')
  await app.run('deliver-mails')
  return (await app.mailbox.list()).filter((mail) => mail.recipients.includes('ops@example.in'))
}

test('a payment of the wrong amount alerts the operator once, and is resolved once with a note', async () => {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id, { amount: 400 })
  await visitor.get(`/payment/return?order_id=${order.id}`)
  expect(await alerts()).toHaveLength(1)
  const [mail] = await alerts()
  expect(mail!.subject).toBe('[alert] Incident: payment-mismatch')
  expect(mail!.text).toContain(order.id)
  expect(mail!.text).not.toContain(form.email)

  const incident = (await openIncidents()).find(({ orderId }) => orderId === order.id)!
  expect(incident.details).toMatchObject({ ours: { amountPaise: 49_900 } })
  const by = { actor: 'user:admin', origin: null, resolution: 'refunded in the dashboard' }
  await expect(resolveIncident(app.sql, incident.id, { ...by, resolution: ' ' })).rejects.toThrow('say what was done')
  const closings = await Promise.allSettled([
    resolveIncident(app.sql, incident.id, by),
    resolveIncident(app.sql, incident.id, by),
  ])
  expect(closings.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect((await openIncidents()).some(({ id }) => id === incident.id)).toBe(false)
  const [noted] = await app.sql`select details from audit where action = 'incident.resolved'`
  expect(noted?.details).toMatchObject({ resolution: 'refunded in the dashboard' })
})

test('a success that Cashfree reports for an order not in our books is an incident', async () => {
  await app.sandbox.control.ping('PAYMENT_SUCCESS_WEBHOOK', {
    order: { order_id: 'somebody_elses_1', order_amount: 499, order_currency: 'INR' },
    payment: { cf_payment_id: '123', payment_status: 'SUCCESS', payment_amount: 499 },
  })
  const kinds = (await openIncidents()).map(({ kind, subjectKey }) => [kind, subjectKey])
  expect(kinds).toContainEqual(['unknown-order', 'somebody_elses_1'])
})

test('a mail that was given up on alerts the operator', async () => {
  await app.sql`insert into mails (kind, subject_key, to_email, status, last_error) values ('receipt', 'R0000-1', 'x@example.in', 'dead', '550 no such user')`
  const told = (await alerts()).find((mail) => mail.subject.includes('could not be delivered'))
  expect(told?.text).toContain('550 no such user')
})

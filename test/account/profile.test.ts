import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { registrant, subscriber } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const personOf = async (userId: string) =>
  (await app.sql`select name, phone, state_code, username, email from users where id = ${userId}`)[0]
const changed = { name: 'Asha  Rao-Iyer', phone: '+91 91234-56789', state: 'karnataka' }

test('name, mobile and state change as they would have been registered; the audit names them and not what they say', async () => {
  const { visitor, userId, username, email } = await registrant(app)
  const answer = await visitor.post('/account/profile', {
    ...changed,
    username: 'other.name',
    email: 'other@example.in',
  })
  expect([answer.status, answer.location]).toEqual([303, '/account/profile'])
  expect((await visitor.get('/account/profile')).body).toContain('Your profile is saved.')
  expect(await personOf(userId)).toEqual({
    name: 'Asha Rao-Iyer',
    phone: '+919123456789',
    stateCode: '29',
    username,
    email,
  })
  await visitor.post('/account/profile', changed)
  const notes = await app.sql`select details from audit where user_id = ${userId} and action = 'profile.changed'`
  expect(notes).toEqual([{ details: { changed: { name: true, phone: true, state: true } } }])
})

test('a receipt that was issued keeps its buyer; the next one names the new', async () => {
  const { visitor, email, order } = await subscriber(app)
  await visitor.post('/account/profile', changed)
  await visitor.post('/checkout/annual')
  const next = await newestOrder(app, email)
  app.sandbox.control.pay(next.id)
  await visitor.get(`/payment/return?order_id=${next.id}`)
  const buyers =
    await app.sql`select order_id, buyer from receipts where order_id in ${app.sql([order.id, next.id])} order by serial`
  expect(buyers).toEqual([
    { orderId: order.id, buyer: { name: 'Asha Rao', email, stateCode: '27' } },
    { orderId: next.id, buyer: { name: 'Asha Rao-Iyer', email, stateCode: '29' } },
  ])
})

test('what will not do is said at its field with 422, what was typed stays, and nothing changes', async () => {
  const { visitor, userId } = await registrant(app)
  const before = await personOf(userId)
  const answer = await visitor.post('/account/profile', { name: 'A<b>', phone: '12345', state: '99' })
  expect(answer.status).toBe(422)
  for (const text of [
    'ordinary punctuation',
    '10-digit Indian mobile',
    'choose your state',
    'value="A&lt;b&gt;"',
    'value="12345"',
  ])
    expect([text, answer.body.includes(text)]).toEqual([text, true])
  for (const junk of [{ other: '1' }, { name: '', phone: '', state: '' }] as Record<string, string>[])
    expect((await visitor.post('/account/profile', junk)).status).toBe(422)
  expect(await personOf(userId)).toEqual(before)
  expect((await new Visitor(app).post('/account/profile', changed)).location).toContain('/login')
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { registration, Visitor } from '../support/visitor.ts'
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
  const answer = await visitor.post('/account/profile', { ...changed, email: 'other@example.in' })
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
  expect(notes).toEqual([{ details: { changed: { name: true, phone: true, state: true, username: false } } }])
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

test('the username changes to any that is free, whatever its case, and one logs in with it', async () => {
  const { visitor, userId, email } = await registrant(app)
  const other = await registrant(app)
  const form = { name: 'Asha Rao', phone: '9876500001', state: '27' }
  for (const username of ['a', 'asha rao', 'asha@rao', 'आशा', other.username.toUpperCase()]) {
    const refused = await visitor.post('/account/profile', { ...form, username })
    expect([refused.status, refused.body.includes(`value="${username}"`)]).toEqual([422, true])
  }
  const username = `Asha.${userId.slice(0, 8)}`
  expect((await visitor.post('/account/profile', { ...form, username })).status).toBe(303)
  expect(await personOf(userId)).toMatchObject({ username, email })
  const login = await new Visitor(app).post('/login', { login: username.toLowerCase(), password: 'TestPass123' })
  expect(login.status).toBe(303)
  const taken = registrant(app).then(({ visitor }) => visitor.post('/account/profile', { ...form, username }))
  expect((await taken).body).toContain('This username is taken')
})

test('who never gave a state may leave it open, and gives it for good', async () => {
  const visitor = new Visitor(app)
  const { state, username, ...form } = registration()
  expect((await visitor.post('/register', form)).status).toBe(303)
  const [user] = await app.sql<{ id: string }[]>`select id from users where email = ${form.email!}`
  const profile = { name: 'Asha Iyer', phone: '9876500001' }
  expect((await visitor.post('/account/profile', { ...profile, state: '' })).status).toBe(303)
  expect(await personOf(user!.id)).toMatchObject({ name: 'Asha Iyer', stateCode: null })
  expect((await visitor.post('/account/profile', { ...profile, state: '29' })).status).toBe(303)
  expect((await visitor.post('/account/profile', { ...profile, state: '' })).status).toBe(422)
  expect(await personOf(user!.id)).toMatchObject({ stateCode: '29' })
})

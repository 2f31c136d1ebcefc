import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { registration, Visitor } from '../support/visitor.ts'

// Two processes behind one proxy, with the limits as they are in production.
let harness: ProcessHarness
let left: AppProcess
let right: AppProcess
beforeAll(async () => {
  harness = await buildHarness()
  const env = { RATE_LIMIT_SCALE: '1', TRUST_PROXY: '127.0.0.1,::1' }
  ;[left, right] = await Promise.all([harness.start(env), harness.start(env)])
}, 60_000)
afterAll(() => harness.close())

const at = (i: number) => (i % 2 ? left : right)
const statusesOf = async (n: number, work: (i: number) => Promise<{ status: number }>) =>
  (await Promise.all(Array.from({ length: n }, (_, i) => work(i)))).map(({ status }) => status)

test('guesses at one account, from many addresses at both processes, are five together', async () => {
  const form = await new Visitor(left).register()
  const statuses = await statusesOf(40, (i) =>
    new Visitor(at(i)).post('/login', { login: form.email!, password: 'guess' }, { 'x-forwarded-for': `192.0.2.${i}` }),
  )
  expect(statuses.filter((status) => status === 422)).toHaveLength(5)
  expect(statuses.filter((status) => status === 429)).toHaveLength(35)
})

test('guesses of one address at many accounts are thirty together', async () => {
  const statuses: number[] = []
  for (let i = 0; i < 50; i += 5)
    statuses.push(
      ...(await statusesOf(5, (j) =>
        new Visitor(at(i + j)).post(
          '/login',
          { login: `user${i + j}`, password: 'guess' },
          { 'x-forwarded-for': '198.51.100.1' },
        ),
      )),
    )
  expect(statuses.filter((status) => status === 422)).toHaveLength(30)
})

test('requests to one endpoint are thirty a minute together', async () => {
  const statuses = await statusesOf(40, (i) =>
    new Visitor(at(i)).post('/register', registration({ email: 'no' }), { 'x-forwarded-for': '198.51.100.2' }),
  )
  expect(statuses.filter((status) => status === 429)).toHaveLength(10)
})

test('a browser that logged in at one process is known at the other', async () => {
  const visitor = new Visitor(left)
  const form = await visitor.register()
  for (let i = 0; i < 6; i++)
    await new Visitor(right).post(
      '/login',
      { login: form.email!, password: 'guess' },
      { 'x-forwarded-for': '198.51.100.3' },
    )
  const owner = new Visitor(right)
  owner.cookies.set('device', visitor.cookies.get('device')!)
  expect((await owner.post('/login', { login: form.email!, password: form.password! })).status).toBe(303)
})

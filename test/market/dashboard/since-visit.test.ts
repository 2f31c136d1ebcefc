import { afterAll, beforeAll, expect, test } from 'vitest'
import { subscriber } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { type Evenings, openEvenings } from '../alerts/evenings.ts'
import { textOf } from './people.ts'

let app: TestApp
let evenings: Evenings
beforeAll(async () => {
  app = await startApp()
  evenings = await openEvenings(app, 7, 20)
})
afterAll(() => app.close())

const sinceIn = (html: string) => textOf(/<details class="since">([\s\S]*?)<\/details>/.exec(html)?.[1] ?? '')
const noted = async (userId: string) =>
  (
    await app.sql<{ since: string | null; seen: string }[]>`
      select since::text as since, seen::text as seen from dashboard_visits where user_id = ${userId}`
  )[0]

test('the dashboard says what changed since the session somebody saw last, until the next one, and nothing on the first visit', async () => {
  const { visitor, userId } = await subscriber(app)
  const { visitor: other } = await subscriber(app)
  const ids = [await evenings.import(0)]
  expect(sinceIn((await visitor.get('/dashboard')).body)).toBe('')
  expect(await noted(userId)).toEqual({ since: null, seen: evenings.days[0] })
  for (const number of [1, 2, 3, 4]) ids.push(await evenings.import(number))
  const fragment = await visitor.get('/dashboard?sort=name', { 'hx-request': 'true' })
  expect(fragment.body).not.toContain('class="since"')
  const first = sinceIn((await visitor.get('/dashboard')).body)
  expect(first).toMatch(/^Since your last visit \(\w+, \d+ \w+ \d{4}\) [A-Z][\w &]+: .*(→|the top 5|zero|high)/)
  expect(first).toContain('Get such changes by e-mail')
  expect(first).not.toMatch(/\b(buy|sell|should|recommend|undefined|NaN)\b/i)
  expect(sinceIn((await visitor.get('/dashboard?step=day')).body)).toBe(first)
  expect(await noted(userId)).toEqual({ since: evenings.days[0], seen: evenings.days[4] })
  // Somebody else's first visit, and a session that is taken back after it was seen.
  expect(sinceIn((await other.get('/dashboard')).body)).toBe('')
  await evenings.undo(ids.at(-1)!)
  expect((await visitor.get('/dashboard')).status).toBe(200)
  expect(await noted(userId)).toEqual({ since: evenings.days[0], seen: evenings.days[4] })
  expect(sinceIn((await other.get('/dashboard')).body)).toBe('')
})

test('two tabs at once note one visit, and who goes on looking notes no more; without a subscription none is noted', async () => {
  const { visitor, userId } = await subscriber(app)
  await evenings.import(5)
  await visitor.get('/dashboard')
  await evenings.import(6)
  await Promise.all([visitor.get('/dashboard'), visitor.get('/dashboard')])
  expect(await noted(userId)).toEqual({ since: evenings.days[5], seen: evenings.days[6] })
  await app.sql`delete from dashboard_visits where user_id = ${userId}`
  await visitor.get('/dashboard?step=day')
  expect(await noted(userId)).toBeUndefined()
  const { visitor: pending, userId: pendingId } = await subscriber(app)
  await app.sql`update subscriptions set status = 'cancelled' where user_id = ${pendingId}`
  await pending.get('/dashboard')
  expect(await noted(pendingId)).toBeUndefined()
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyHint } from '../../../src/billing/webhooks/delivery.ts'
import { storeRefusal } from '../../../src/billing/webhooks/queries.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { deliver, signed, successBody } from './sender.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const rows = async () =>
  (await app.sql<{ n: number }[]>`select count(*)::int as n from webhook_events where not accepted`)[0]!.n
const counted = async (verdict: string) =>
  (await app.sql<{ count: number }[]>`select count from webhook_refusals where verdict = ${verdict}`)[0]?.count ?? 0

test('a flood of forgeries is counted to the last one, and costs few rows', { timeout: 30_000 }, async () => {
  const body = successBody('ds_any')
  const headers = signed(body, { secret: 'forged' })
  for (let i = 0; i < 10; i++)
    expect(
      new Set(
        (await Promise.all(Array.from({ length: 30 }, () => deliver(app, body, headers)))).map(({ status }) => status),
      ),
    ).toEqual(new Set([401]))
  await until(async () => (await counted('wrong-signature')) === 300)
  expect(await rows()).toBeLessThanOrEqual(60)
  expect(await rows()).toBeGreaterThanOrEqual(10)
})

test('a genuine delivery among them is taken at once', async () => {
  const body = successBody('ds_any')
  const forged = signed(body, { secret: 'forged' })
  const all = Array.from({ length: 60 }, (_, i) => deliver(app, body, i === 40 ? signed(body) : forged))
  expect((await Promise.all(all)).filter(({ status }) => status === 200)).toHaveLength(1)
})

test('the last thousand keep their row, their first bytes and why', async () => {
  await app.sql`insert into webhook_events (accepted, verdict, headers, body)
                select false, 'wrong-signature', '{}', '\\x00' from generate_series(1, 1050)`
  const body = Buffer.alloc(100_000, 'x')
  const refusal = { accepted: false, verdict: 'wrong-signature', answer: 401 } as const
  for (let i = 0; i < 3; i++) await storeRefusal(app.sql, { headers: {}, body }, { ...refusal, hint: emptyHint })
  expect(await rows()).toBeLessThanOrEqual(1_001)
  const [newest] = await app.sql<
    { length: number }[]
  >`select length(body) as length from webhook_events order by id desc limit 1`
  expect(newest?.length).toBe(4_096)
  const kept = await app.sql`select from webhook_events where accepted`
  expect(kept.length).toBeGreaterThan(0)
})

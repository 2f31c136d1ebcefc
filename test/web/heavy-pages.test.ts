import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { beginUrgent, heavyWorkCounts, runHeavyWork } from '../../src/platform/heavy-work.ts'
import { adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
let admin: Visitor
let buyer: Visitor
beforeAll(async () => {
  app = await startApp({ METRICS_TOKEN: 'a token of the test' })
  admin = (await adminOf(app, 'admin')).visitor
  buyer = new Visitor(app)
  const { id } = await newestOrder(app, (await buyer.register()).email!)
  app.sandbox.control.pay(id)
  await buyer.get(`/payment/return?order_id=${id}`)
})
afterAll(() => app.close())

/** Takes both places, and has so many more wait; answers how to let all of them go. */
async function crowd(waiting: number): Promise<() => Promise<unknown>> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const all = Array.from({ length: 2 + waiting }, () => runHeavyWork({ patient: true }, () => promise))
  await until(async () => heavyWorkCounts().waiting === waiting)
  return () => {
    resolve()
    return Promise.all(all)
  }
}

describe('heavy work', () => {
  test('of pages waits for its turn, and is refused with 503 when too much waits', async () => {
    const free = await crowd(100)
    try {
      for (const path of ['/admin', '/admin/subscribers', '/admin/orders.csv', '/dashboard?at=2026-01-05']) {
        const answer = await (path.startsWith('/admin') ? admin : buyer).get(path)
        expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '3'])
      }
      expect((await fetch(`${app.url}/healthz`)).status).toBe(200)
      expect((await buyer.get('/account')).status).toBe(200)
    } finally {
      await free()
    }
    expect((await admin.get('/admin')).status).toBe(200)
    expect(heavyWorkCounts().waiting).toBe(0)
  })

  test('is work when only its head is asked for, too', async () => {
    const free = await crowd(100)
    try {
      expect((await admin.send('HEAD', '/admin/orders')).status).toBe(503)
    } finally {
      await free()
    }
  })

  test('two pieces at a time, the others in the order they came', async () => {
    let now = 0
    let most = 0
    const order: number[] = []
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        runHeavyWork({ patient: false }, async () => {
          most = Math.max(most, ++now)
          order.push(i)
          await new Promise((resolve) => setImmediate(resolve))
          now--
        }),
      ),
    )
    expect(most).toBe(2)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
  })

  test('steps back until what is urgent is answered, but not for ever', async () => {
    const end = beginUrgent()
    let began = false
    const work = runHeavyWork({ patient: false }, () => {
      began = true
    })
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(began).toBe(false)
    end()
    end()
    await work
    expect(began).toBe(true)
    const never = beginUrgent()
    await runHeavyWork({ patient: false }, () => {})
    never()
  })

  test('that fails gives its place back', async () => {
    for (let i = 0; i < 5; i++)
      await expect(runHeavyWork({ patient: false }, () => Promise.reject(new Error('failed')))).rejects.toThrow(
        'failed',
      )
    for (let i = 0; i < 5; i++) expect((await admin.get('/admin/orders?after=nonsense')).status).toBe(404)
    expect((await admin.get('/admin')).status).toBe(200)
  })

  test('of an export that is left half-way gives its place back', async () => {
    const cookie = [...admin.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    for (let i = 0; i < 5; i++) {
      const leaving = new AbortController()
      const answer = await fetch(`${app.url}/admin/audit.csv`, { headers: { cookie }, signal: leaving.signal })
      expect(answer.status).toBe(200)
      leaving.abort()
    }
    expect((await admin.get('/admin')).status).toBe(200)
    expect(heavyWorkCounts().waiting).toBe(0)
  })

  test('of several exports at once is done by turns', async () => {
    const cookie = [...admin.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const exports = ['subscribers', 'orders', 'audit', 'subscribers'].map(async (name) => {
      const answer = await fetch(`${app.url}/admin/${name}.csv`, {
        headers: { cookie },
        signal: AbortSignal.timeout(10_000),
      })
      return [answer.status, (await answer.text()).length > 10]
    })
    expect(await Promise.all(exports)).toEqual(exports.map(() => [200, true]))
  })

  test('does not step back for deliveries whose sender left before the end', async () => {
    for (let i = 0; i < 3; i++) {
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
      socket.write(
        'POST /webhooks/cashfree HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{',
      )
      await pause(100)
      socket.resetAndDestroy()
    }
    await pause(100)
    const started = performance.now()
    for (let i = 0; i < 8; i++) await runHeavyWork({ patient: false }, () => {})
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('of a page that nobody waits for any more gives its place back', async () => {
    const cookie = [...admin.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const free = await crowd(0)
    for (let i = 0; i < 5; i++) {
      const leaving = new AbortController()
      const answer = fetch(`${app.url}/admin`, { headers: { cookie }, signal: leaving.signal })
      await until(async () => heavyWorkCounts().waiting === i + 1)
      leaving.abort()
      await expect(answer).rejects.toThrow()
    }
    await free()
    expect((await admin.get('/admin')).status).toBe(200)
    expect(heavyWorkCounts().waiting).toBe(0)
  })

  test('50 people who want one receipt at once get the same PDF, made once, and it is counted', async () => {
    const [{ number } = { number: '' }] = await app.sql<{ number: string }[]>`select number from receipts`
    const cookie = [...buyer.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const answer = await fetch(`${app.url}/receipts/${number}.pdf`, { headers: { cookie } })
        return [answer.status, Buffer.from(await answer.arrayBuffer()).toString('base64')].join(' ')
      }),
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^200 JVBERi/)
    const metrics = await fetch(`${app.url}/metrics`, { headers: { authorization: 'Bearer a token of the test' } })
    const text = await metrics.text()
    expect(text).toContain('etf_thread_pool_tasks_total{pool="receipt-pdf",result="done"} 1\n')
    expect(text).toContain('etf_thread_pool_tasks_waiting{pool="receipt-pdf"} 0\n')
    expect(text).toMatch(/etf_heavy_work_total\{result="refused"\} [1-9]/)
  })
})

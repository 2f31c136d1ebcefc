import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { until } from '../support/until.ts'
import { registration } from '../support/visitor.ts'

let harness: ProcessHarness
let app: AppProcess
beforeAll(async () => {
  harness = await buildHarness()
  app = await harness.start()
}, 60_000)
afterAll(() => harness.close())

/** A request over a kept connection; how it ended, and whether it had been sent before `stopAt`. */
function send(agent: Agent, method: string, path: string, body?: string): Promise<{ at: number; end: string }> {
  const at = Date.now()
  return new Promise((resolve) => {
    const sending = request(
      app.url + path,
      {
        agent,
        method,
        headers:
          body === undefined
            ? {}
            : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume()
        response.on('end', () => resolve({ at, end: String(response.statusCode) }))
        response.on('error', (error) => resolve({ at, end: error.message }))
      },
    )
    sending.on('error', (error: NodeJS.ErrnoException) => resolve({ at, end: error.code ?? error.message }))
    sending.end(body)
  })
}

test('SIGTERM under load: every request under way is answered, the exit code is 0, and it takes seconds', {
  timeout: 40_000,
}, async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  const endings: { at: number; end: string }[] = []
  let on = true
  const clients = Array.from({ length: 10 }, async (_, i) => {
    while (on) {
      const slow = i < 2
      endings.push(
        await send(
          agent,
          slow ? 'POST' : 'GET',
          slow ? '/register' : '/',
          slow ? new URLSearchParams(registration()).toString() : undefined,
        ),
      )
      await pause(5)
    }
  })
  await until(async () => endings.length > 100, 20_000)
  const stopAt = Date.now()
  const code = await app.stop('SIGTERM')
  const took = Date.now() - stopAt
  on = false
  await Promise.all(clients)
  agent.destroy()
  expect(code).toBe(0)
  expect(took).toBeLessThan(9_000)
  const underWay = endings.filter(({ at }) => at < stopAt)
  expect(underWay.length).toBeGreaterThan(50)
  expect(underWay.filter(({ end }) => end !== '200' && end !== '303')).toEqual([])
  const after = new Set(endings.filter(({ at }) => at >= stopAt).map(({ end }) => end))
  for (const end of after) expect(['200', '303', 'ECONNREFUSED', 'ECONNRESET']).toContain(end)
  const [orphans] =
    await harness.sql`select count(*)::int as n from users u left join subscriptions s on s.user_id = u.id where s.user_id is null`
  expect(orphans).toEqual({ n: 0 })
})

import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { createLog } from '../../src/platform/log.ts'
import { codeAt } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'
import { newAdmin } from './administrators.ts'

let app: TestApp
let watched: FastifyInstance
let site: Pick<TestApp, 'url' | 'sql'>
let lines: string[] = []
beforeAll(async () => {
  app = await startApp()
  const log = createLog('info', { write: (line) => lines.push(line) })
  watched = await buildApp({ services: { ...app.services, log }, sessionKeys: app.config.sessionKeys })
  await watched.listen({ host: 'localhost', port: 0 })
  site = { url: `http://localhost:${(watched.server.address() as AddressInfo).port}`, sql: app.sql }
})
afterAll(async () => {
  await watched.close()
  await app.close()
})
beforeEach(() => {
  lines = []
})

const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event)
const events = () => logged().map(({ event }) => event)

describe('the log tells', () => {
  test('who gave which factor when, and which was refused, without a name, an address or what was typed', async () => {
    const admin = await newAdmin(site)
    const { secret } = await admin.enrol()
    expect(events()).toEqual(['password taken', 'second factor taken'])
    expect(logged().map(({ userId }) => userId)).toEqual([admin.id, admin.id])

    lines = []
    const visitor = new Visitor(site)
    await visitor.post('/login', { login: admin.username, password: 'not-the-password' })
    await admin.givePassword(visitor)
    const code = codeAt(secret, Date.now() - 3_600_000)
    await visitor.post('/login/code', { code })
    expect(events()).toEqual(['log-in refused', 'password taken', 'second factor refused'])
    for (const typed of [admin.username, admin.password, 'not-the-password', code, 'Meera', '127.0.0.1'])
      expect(lines.join('\n')).not.toContain(typed)
  })

  test('when an act was refused: for the role, for want of identity, for coming from another site', async () => {
    const reader = await newAdmin(site, 'admin-read')
    const readers = await reader.logIn()
    const acting = await newAdmin(site)
    const admins = await acting.logIn()
    await app.sql`update sessions set confirmed_at = null where user_id = ${acting.id}`

    lines = []
    expect((await readers.post('/admin/jobs/clean/run')).status).toBe(403)
    const role = { role: 'subscriber', seen: 'admin-read', your_password: 'not-the-password' }
    expect((await admins.post(`/admin/subscribers/${reader.id}/role`, role)).status).toBe(422)
    expect((await admins.post('/logout', {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect(logged().map(({ event, userId, route }) => ({ event, userId, route }))).toEqual([
      { event: 'act refused', userId: reader.id, route: '/admin/jobs/:name/run' },
      { event: 'identity refused', userId: acting.id, route: undefined },
      { event: 'cross-site write refused', userId: undefined, route: '/logout' },
    ])
  })
})

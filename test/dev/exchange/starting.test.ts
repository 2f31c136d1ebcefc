import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { banner } from '../../../src/dev/banner.ts'
import { startServices } from '../../../src/dev/services.ts'
import { readConfig } from '../../../src/platform/config.ts'
import { freshDatabase } from '../../support/database.ts'
import { ask } from './market.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let home: string
beforeAll(async () => {
  database = await freshDatabase()
  home = await mkdtemp(join(tmpdir(), 'demo-'))
})
afterAll(async () => {
  await database.drop()
  await rm(home, { recursive: true })
})

const silent = { info: () => {}, warn: () => {} }
const real = { CASHFREE_CLIENT_ID: 'TEST_x', CASHFREE_CLIENT_SECRET: 'secret', SMTP_SERVER: '127.0.0.1' }

/** Starts what stands in for services that are not configured; the mail catcher is one of them. */
const start = (env: Record<string, string>) =>
  startServices(
    readConfig({
      DATABASE_URL: database.url,
      EMBEDDED_DATA_DIR: home,
      SANDBOX_PORT: '0',
      MAILBOX_PORT: '0',
      MAILBOX_SMTP_PORT: '0',
      ...env,
    }),
    silent,
  )

/** Sees to it that a port is taken, by us or by anybody. */
async function take(port: number) {
  const server = createServer()
  const settled = Promise.race([once(server, 'listening'), once(server, 'error')])
  server.listen(port, '127.0.0.1')
  await settled
  return server
}

test('a demo’s prices come from the look-alike, whose files hold every instrument of the database', async () => {
  const running = await start({ EXCHANGE_PORT: '0' })
  try {
    const { source, archiveUrls, invented } = running.config.prices
    expect({ source, invented }).toEqual({ source: 'archive', invented: true })
    expect(banner(running, null)).toContain(`Exchange          ${running.exchangeUrl}`)
    const [udiff = ''] = archiveUrls
    const list = await (await ask(new URL('/content/equities/eq_etfseclist.csv', udiff).href)).text()
    expect(list).toContain('BANKBEES,Nifty Bank TRI,Banks ETF,08-Jan-15,1,INF204KB15I9,1\n')
    const file = udiff.replace('{YYYY}', '2026').replace('{MM}', '06').replace('{DD}', '02')
    expect((await ask(file)).headers.get('content-type')).toBe('application/zip')
  } finally {
    await running.close()
  }
})

test('where the usual port is taken it takes a free one; a port that was asked for and is taken is an error', async () => {
  const usual = await take(3003)
  const running = await start({})
  try {
    const { port } = new URL(running.exchangeUrl!)
    expect(port).not.toBe('3003')
    await expect(start({ EXCHANGE_PORT: port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  } finally {
    await running.close()
    usual.close()
  }
})

test.each([
  ['all else is configured', real],
  ['prices come from elsewhere', { PRICE_SOURCE: 'off' }],
])('it does not start where %s', async (_where, env) => {
  const running = await start(env)
  try {
    expect(running.exchangeUrl).toBeNull()
    expect(running.config.prices).toMatchObject({ source: 'off', invented: false })
  } finally {
    await running.close()
  }
})

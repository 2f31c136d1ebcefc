import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ CASHFREE_SUBSCRIPTIONS: 'on' })
})
afterAll(() => app.close())

/** Beginnings of addresses that a number or a plan is added to; here it is enough that the place exists. */
const filledIn: Record<string, string | null> = { '/checkout/': '/checkout/monthly', '/receipts/': null }

const isForAdmins = /^\/(admin|account\/security\/second-factor)/

test('every address that a template links to is there, for whom it is', async () => {
  const views = join(import.meta.dirname, '..', '..', 'views')
  const templates = readdirSync(views, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eta'))
  const links = new Set(
    templates.flatMap((name) =>
      [...readFileSync(join(views, name), 'utf8').matchAll(/href="(\/[^"#<]*)/g)].map((match) => match[1]!),
    ),
  )
  const subscriber = new Visitor(app)
  const { email } = await subscriber.register()
  const order = await newestOrder(app, email!)
  app.sandbox.control.pay(order.id)
  await subscriber.get(`/payment/return?order_id=${order.id}`)
  await seedSample(app.sql, new Date().toISOString().slice(0, 10))
  const { visitor: admin } = await adminOf(app)
  const broken: string[] = []
  for (const link of links) {
    const isStart = link.startsWith('/admin/') && link.endsWith('/')
    const address = link in filledIn ? filledIn[link] : isStart ? null : link
    if (!address) continue
    const { status } = await (isForAdmins.test(address) ? admin : subscriber).get(address)
    if (status >= 400) broken.push(`${link}: ${status}`)
  }
  console.log(`${links.size} addresses in ${templates.length} templates`)
  expect(links.size).toBeGreaterThan(20)
  expect(broken).toEqual([])
})

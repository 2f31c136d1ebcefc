import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Typeface, typefaceNames } from '../../src/dev/browser/typefaces.ts'
import { type Browsing, openBrowser, type Person, screenshot, sizes, takeOver } from '../support/browser.ts'
import { layoutFlawsAtWidths, widths } from '../support/layout.ts'
import { waysIn } from './every-route.ts'
import { buildFixture, type WebFixture, type Who } from './fixture.ts'
import { longName, stretch } from './long-values.ts'
import { unlock } from './xss-payloads.ts'

let fixture: WebFixture
let browsing: Browsing
let stretched: string[]
beforeAll(async () => {
  fixture = await buildFixture()
  await unlock(fixture.app.sql)
  stretched = await stretch(fixture.app.sql, longName)
  const text = 'Prices of the special session on Diwali are in, and the calendar of the coming year is complete.'
  const announced = {
    text,
    link: '/methodology',
    link_text: 'How ranks are made',
    audience: 'everyone',
    key: randomUUID(),
  }
  await fixture.at.money.post('/admin/announcements', announced)
  browsing = openBrowser({ url: fixture.at.owner.app.url })
}, 120_000)
afterAll(async () => {
  await browsing?.close()
  await fixture?.close()
})

/** Every page that the table of routes knows, and every kind of thing that has a page of its own; for whoever sees most. */
async function pages(): Promise<Map<string, Who>> {
  const { ids, app } = fixture
  const seen = new Map<string, Who>()
  for (const { method, address, may, answers } of waysIn(fixture)) {
    if (
      method !== 'GET' ||
      (answers ?? 200) !== 200 ||
      /^\/(api|assets|healthz|readyz|metrics|payment\/status)|\.(csv|json|txt|xml|ico|pdf|png|zip)(\?|$)|\/(stop|progress)$/.test(
        address,
      )
    )
      continue
    seen.set(address, may === 'panel' || may === 'money' ? 'money' : may === 'everybody' ? 'visitor' : 'owner')
  }
  seen.set('/nowhere', 'visitor')
  seen.set('/checkout/annual', 'other')
  seen.set(`/admin/orders/${ids.paidOrder}?ask=cashfree`, 'money')
  seen.set('/admin/incidents?state=resolved', 'money')
  seen.set('/admin/subscribers?q=asha', 'money')
  seen.set('/admin/search?q=asha', 'money')
  seen.set('/admin/search?q=nobody', 'money')
  seen.set(`/admin/refunds/of/${ids.payment}?amount=50`, 'money')
  seen.set('/admin/plans/monthly_v1/price?price=549', 'money')
  for (const act of [
    'cancellation',
    'suspension',
    'lifting',
    `receipt?number=${ids.receipt}`,
    'sign-out',
    'role',
    'confirmation',
    'reset-link',
    'email',
  ])
    seen.set(`/admin/subscribers/${ids.owner}/${act}`, 'money')
  const rows = await app.sql<{ path: string }[]>`
    select '/admin/mails/' || min(id) as path from mails group by kind union all
    select '/admin/webhooks/' || min(id) from webhook_events group by verdict, type union all
    select '/admin/incidents/' || min(id) from incidents group by kind union all
    select '/admin/subscribers/' || id from users where id in (${ids.grantedTo}, ${ids.owner}) union all
    select '/admin/orders/' || id from orders where id in (${ids.openOrder}, ${ids.waitingOrder})`
  for (const { path } of rows) seen.set(path, 'money')
  return seen
}

test('what people and Cashfree give, and every amount and instant, is at its longest', () => {
  const words = ['users.name', 'plans.title', 'payments.bank_reference', 'refunds.reason', 'mails.last_error']
  const amountsAndTimes = [
    'orders.amount_paise',
    'payments.amount_paise',
    'refunds.amount_paise',
    'audit.at',
    'mails.sent_at',
  ]
  expect(stretched).toEqual(expect.arrayContaining([...words, ...amountsAndTimes]))
})

test('text is set in the typeface that the suite brings, and in no other', async () => {
  const used: string[][] = []
  for (const typeface of typefaceNames) {
    const { page, context, close } = await browsing.person({ typeface })
    await page.goto('/terms')
    const devtools = await context.newCDPSession(page)
    for (const domain of ['DOM', 'CSS'] as const) await devtools.send(`${domain}.enable`)
    const { root } = await devtools.send('DOM.getDocument')
    const { nodeId } = await devtools.send('DOM.querySelector', { nodeId: root.nodeId, selector: 'main h1' })
    const { fonts } = await devtools.send('CSS.getPlatformFontsForNode', { nodeId })
    used.push(fonts.map(({ familyName }) => familyName))
    await close()
  }
  expect(used).toEqual([['Arimo'], ['DejaVu Sans']])
})

test.each(typefaceNames)(
  'every page fits on phones and laptops, with all its links and buttons, at their longest, in a %s typeface',
  async (typeface) => {
    const flaws: string[] = []
    const visits = await pages()
    for (const who of new Set(visits.values())) {
      const person = await browsing.person({ typeface })
      await takeOver(person, fixture.at[who])
      for (const [path] of [...visits].filter(([, visitor]) => visitor === who))
        flaws.push(...(await flawsAt(person, path, typeface)).map((flaw) => `${path} ${flaw}`))
      await person.close()
    }
    console.log(`${visits.size} pages, ${widths.length} widths, ${typeface}`)
    expect(visits.size).toBeGreaterThan(70)
    expect(flaws).toEqual([])
  },
  240_000,
)

async function flawsAt({ page }: Person, path: string, typeface: Typeface): Promise<string[]> {
  const answer = await page.goto(path)
  if (answer!.status() >= 500) return [String(answer!.status())]
  await page.locator('[hx-trigger=load]').first().waitFor({ state: 'detached' })
  for (const size of ['phone', 'laptop'] as const) {
    if (!process.env.SCREENSHOTS) continue
    await page.setViewportSize(sizes[size])
    await screenshot(page, `walk${path.replace(/\W+/g, '-')}-${typeface}-${size}`)
  }
  return layoutFlawsAtWidths(page)
}

import { beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { digestsTo, everything, listener, openEvenings } from '../market/alerts/evenings.ts'
import { subscriberAt } from '../market/dashboard/people.ts'
import { overflowOf, type Size, screenshot, takeOver } from '../support/browser.ts'
import { looksRight, looksRightEverywhere, openScene } from './scene.ts'

const scene = openScene()
beforeAll(async () => {
  await seedSample(scene.app.sql, '2026-11-20')
})

describe.each(['phone', 'laptop'] as Size[])('on a %s', (size) => {
  test.each([true, false])('a subscriber stars two sectors and sees only those; with script: %s', async (script) => {
    const person = await scene.arrive({ size, script })
    const { page } = person
    await takeOver(person, (await subscriberAt(scene.app)).visitor)
    await page.goto('/dashboard')
    for (const name of ['Star IT', 'Star Auto']) {
      const star = page.getByRole('button', { name, exact: true }).first()
      await star.click()
      await page.locator(`button[aria-label="${name}"][aria-pressed=true]:visible`).first().waitFor()
    }
    await page.getByRole('link', { name: 'Starred', exact: true }).first().click()
    await page.waitForURL('**/dashboard?only=starred')
    await page.locator('#analyser .star:visible').nth(1).waitFor()
    // In the table; on a laptop in the heat map too.
    expect(await page.locator('#analyser .star:visible').count()).toBe(size === 'phone' ? 2 : 4)
    // The map marks them, and plays them alone.
    await page.goto('/dashboard?only=starred&view=map')
    expect(await page.locator('.members a', { hasText: '★' }).count()).toBe(2)
    expect(await page.locator('.chosen-from .name', { hasText: '★' }).count()).toBe(2)
    if (script) {
      await page.locator('#step-back').click()
      await page.locator('.moving').waitFor()
      expect(await page.locator('.chosen-from .sector:not(.prototype)').count()).toBe(2)
      await page.locator('.moving').waitFor({ state: 'detached' })
    }
    // A star that is pressed in the heat map is the table’s and the map’s as well.
    await page.goto('/dashboard?view=heat')
    await page.locator('.heat').getByRole('button', { name: 'Star Pharma', exact: true }).click()
    await page.locator('.heat button[aria-label="Star Pharma"][aria-pressed=true]').waitFor()
    const pressed = page.locator('button[aria-label="Star Pharma"][aria-pressed=true]')
    await expect.poll(() => pressed.count()).toBe(3)
    const marks = page.locator('.members [data-star="PHARMABEES"]:not([hidden])')
    expect(await marks.count()).toBe(1)
    await page.locator('.heat').getByRole('button', { name: 'Star Pharma', exact: true }).click()
    await expect.poll(() => pressed.count()).toBe(0)
    expect(await marks.count()).toBe(0)
    await page.goto('/dashboard/sectors/ITBEES')
    await page.locator('button[aria-label="Star IT"][aria-pressed=true]:visible').click()
    await page.locator('button[aria-label="Star IT"][aria-pressed=false]:visible').waitFor()
    await page.goto('/dashboard/watch-list')
    expect(await page.locator('.watched tbody tr').count()).toBe(1)
  })
})

test('the watch-list looks right, empty and with stars, and so does a dashboard of them', async () => {
  const person = await scene.arrive()
  const { visitor } = await subscriberAt(scene.app)
  await takeOver(person, visitor)
  await person.page.goto('/dashboard/watch-list')
  await looksRightEverywhere(person, 'watch-list-empty')
  for (const star of ['ITBEES', 'HEALTHIETF', 'FINIETF', 'PSUBNKBEES'])
    await visitor.post('/dashboard/watch-list', { star })
  await person.page.goto('/dashboard/watch-list')
  await looksRightEverywhere(person, 'watch-list')
  await person.page.goto('/dashboard?only=starred')
  await looksRightEverywhere(person, 'dashboard-starred')
})

/** The first evening of a market of its own, a browser, and a subscriber who is not logged in in it yet. */
async function evening(size: Size) {
  await scene.app.sql`update imports set status = 'undone' where status = 'committed'`
  const evenings = await openEvenings(scene.app, 7, 20)
  await evenings.import(0)
  return { evenings, person: await scene.arrive({ size }), ...(await subscriberAt(scene.app)) }
}

describe.each(['phone', 'laptop'] as Size[])('alerts on a %s', (size) => {
  test('are chosen, arrive after the evening’s prices, and stop by the link in the mail', async () => {
    const { app } = scene
    const { evenings, person, visitor, order } = await evening(size)
    const { page } = person
    await app.sql`update users set email_verified_at = now() where id = ${order.userId}`
    await takeOver(person, visitor)
    await page.goto('/account')
    await page.getByRole('navigation', { name: 'Account' }).getByRole('link', { name: 'Alerts' }).click()
    await page.getByLabel('Mansfield through zero').check()
    await page.getByLabel('New 52-week highs').check()
    await page.getByLabel('Rank into or out of the top').check()
    await page.getByLabel('Top', { exact: true }).fill('51')
    await page.getByLabel('Daily map').check()
    await page.getByRole('button', { name: 'Turn alerts on' }).click()
    await page.getByText('Please give a number from 1 to 50.').waitFor()
    await page.getByLabel('Top', { exact: true }).fill('8')
    await page.getByRole('button', { name: 'Turn alerts on' }).click()
    await page.getByRole('heading', { name: 'On', exact: true }).waitFor()
    await app.run('queue-alerts')
    await evenings.import(1)
    await app.run('queue-alerts')
    const [user] = await app.sql<{ email: string }[]>`select email from users where id = ${order.userId}`
    const [mail] = await digestsTo(app, user!.email)
    const inMail = await person.newTab()
    for (const width of [600, 390])
      for (const colorScheme of ['light', 'dark'] as const) {
        await inMail.setViewportSize({ width, height: 900 })
        await inMail.emulateMedia({ colorScheme })
        await inMail.goto(`${app.mailbox.webUrl}/mails/${mail!.id}/html`)
        await screenshot(inMail, `alert-mail-${size}-${width}-${colorScheme}`)
        expect([width, await overflowOf(inMail)]).toEqual([width, 0])
      }
    await page.goto(/href="([^"]*\/alerts\/[^"]*)"/.exec(mail!.html!)![1]!)
    await page.getByRole('button', { name: 'Stop the alerts' }).click()
    await page.getByText('Stopped: you get no more alerts.').waitFor()
    await page.getByRole('heading', { name: 'No alerts' }).waitFor()
    await page.goto('/account/alerts')
    await page.getByRole('heading', { name: 'No alerts yet' }).waitFor()
  })
})

test('the pages of alerts look right: nothing chosen, chosen, behind the link, behind a dead link', async () => {
  const person = await scene.arrive()
  const { visitor, userId } = await listener(scene.app, { ...everything, on: '' })
  await takeOver(person, visitor)
  await person.page.goto('/account/alerts')
  await looksRightEverywhere(person, 'alerts-nothing')
  await visitor.post('/account/alerts', {
    ...everything,
    scope: 'chosen',
    sector: 'ITBEES',
    quietFrom: '22:00',
    quietUntil: '07:00',
  })
  await person.page.goto('/account/alerts')
  await looksRightEverywhere(person, 'alerts-chosen')
  const [row] = await scene.app.sql<{ link: string }[]>`select link from alert_choices where user_id = ${userId}`
  await person.page.goto(`/alerts/${row!.link}`)
  await looksRightEverywhere(person, 'alerts-manage')
  await person.page.goto(`/alerts/${'x'.repeat(43)}`)
  await looksRightEverywhere(person, 'alerts-gone')
})

describe.each(['phone', 'laptop'] as Size[])('who comes back on a %s', (size) => {
  test('reads what changed since, and goes from there to a sector', async () => {
    const { evenings, person, visitor } = await evening(size)
    const { page } = person
    await takeOver(person, visitor)
    await page.goto('/dashboard')
    expect(await page.locator('.since').count()).toBe(0)
    for (const number of [1, 2, 3]) await evenings.import(number)
    await page.goto('/dashboard')
    await page.getByText('Since your last visit').click()
    await looksRight(person, `since-${size}`)
    await page.locator('.since li a').first().click()
    await page.waitForURL('**/dashboard/sectors/*')
  })
})

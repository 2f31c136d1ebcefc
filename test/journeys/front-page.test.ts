import { describe, expect, test } from 'vitest'
import { registration } from '../support/visitor.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'

/** The tests' browser says that it is headless; those are not counted, nor is their source carried on. */
const asPeopleDo = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
}

const scene = openScene({ OWNER_NAME: 'Devika Rao', OWNER_ABOUT: 'I have followed sector funds since 2009.' })

describe.each(['phone', 'laptop'] as const)('on a %s', (size) => {
  test('a stranger reads the front page, opens the whole week, and registers with the plan that it names', async () => {
    const person = await scene.arrive({ size })
    const { page, context } = person
    await context.setExtraHTTPHeaders(asPeopleDo)
    await page.goto('/?utm_source=letter')
    await page.getByRole('heading', { name: 'Who runs it: Devika Rao' }).waitFor()
    await page.getByText('Is this investment advice?').click()
    await page.getByText('recommends nothing').waitFor()
    await looksRightInBothSchemes(person, `front-page-${size}`)

    await page.getByRole('link', { name: 'See a whole week, free' }).click()
    await page.waitForURL('**/open-week?from=letter')
    expect(await page.locator('table.open-week tbody tr').count()).toBeGreaterThan(10)
    await page.getByText('13 weeks after').waitFor()
    await looksRightInBothSchemes(person, `open-week-${size}`)

    const link = page.getByRole('link', { name: 'Subscribe from ₹499' })
    await link.click()
    await page.waitForURL(/plan=monthly&from=letter#register$/)
    expect(await page.locator('#register [name=plan]:checked').getAttribute('value')).toBe('monthly')
    const { name, email, phone, password } = registration()
    for (const [field, value] of Object.entries({ name, email, phone, password }))
      await page.locator(`#register [name=${field}]`).fill(value!)
    await page.locator('#register button[type=submit]').first().click()
    await page.waitForURL('**/checkout/monthly')
    const [row] = await scene.app.sql`
      select source from registration_sources r join users u on u.id = r.user_id where u.email = ${email!}
    `
    expect(row).toEqual({ source: 'letter' })
  })
})

test('without scripts the source goes along just the same', async () => {
  const { page, context } = await scene.arrive({ script: false })
  await context.setExtraHTTPHeaders(asPeopleDo)
  await page.goto('/?utm_source=paper')
  const { name, email, phone, password } = registration()
  for (const [field, value] of Object.entries({ name, email, phone, password }))
    await page.locator(`#register [name=${field}]`).fill(value!)
  await page.locator('#register button[type=submit]').first().click()
  await page.waitForURL('**/checkout/monthly')
  expect(await scene.app.sql`select 1 from registration_sources where source = 'paper'`).toHaveLength(1)
})

test('the panel shows how far each source got', async () => {
  const person = await scene.arriveAsAdmin()
  await scene.app
    .sql`insert into visits (day, page, source, views) values ((now() at time zone 'Asia/Kolkata')::date, '/', 'magazine.example', 12)`
  await person.page.goto('/admin/visits?days=7')
  await person.page.getByRole('row', { name: /magazine.example 12 12 0 0/ }).waitFor()
  await looksRightInBothSchemes(person, 'admin-visits-laptop')
})

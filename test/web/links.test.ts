import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('every address that a template links to is there', async () => {
  const views = join(import.meta.dirname, '..', '..', 'views')
  const templates = readdirSync(views, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eta'))
  const links = new Set(
    templates.flatMap((name) =>
      [...readFileSync(join(views, name), 'utf8').matchAll(/href="(\/[^"#<]*)/g)].map((match) => match[1]!),
    ),
  )
  // Receipts and checkouts are linked by number and plan; here it is enough that the place exists.
  links.delete('/receipts/')
  const visitor = new Visitor(app)
  await visitor.register()
  const answers = await Promise.all(
    [...links].map(
      async (link) => [link, (await visitor.get(link === '/checkout/' ? '/checkout/monthly' : link)).status] as const,
    ),
  )
  expect(links.size).toBeGreaterThan(6)
  expect(answers.filter(([, status]) => status >= 400)).toEqual([])
})

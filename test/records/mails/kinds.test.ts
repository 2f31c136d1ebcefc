import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kindLabels } from '../../../src/admin/mails/labels.ts'
import { composersOf } from '../../../src/operations/jobs/jobs.ts'
import { mailKinds } from '../../../src/records/mails/registry.ts'
import { startApp, type TestApp } from '../../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const root = join(import.meta.dirname, '..', '..', '..')

describe('every kind of mail', () => {
  test('has a composer and a label, and nothing else has', () => {
    expect(Object.keys(composersOf(app.services)).sort()).toEqual([...mailKinds].sort())
    expect(Object.keys(kindLabels).sort()).toEqual([...mailKinds].sort())
  })

  test('has a subject, a text and an HTML template, and there are no others', () => {
    const templates = readdirSync(join(root, 'views', 'mail')).filter((name) => !name.startsWith('_'))
    const wanted = mailKinds.flatMap((kind) => ['subject', 'text', 'html'].map((part) => `${kind}.${part}.eta`))
    expect(templates.sort()).toEqual(wanted.sort())
  })

  test('that is enqueued is one of them', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /(?<!migrations\/[^/]*)\.(ts|sql)$/.test(name),
    )
    const enqueued = sources.flatMap((name) =>
      [...readFileSync(join(root, 'src', name), 'utf8').matchAll(/enqueue_mail\(\s*'([^']+)'/g)].map(
        (found) => found[1]!,
      ),
    )
    expect(enqueued.filter((kind) => !(mailKinds as readonly string[]).includes(kind))).toEqual([])
    expect(enqueued.length).toBeGreaterThan(0)
  })
})

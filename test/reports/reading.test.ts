import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/sample-prices.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { reader, reportsTo, weekly } from './readers.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  await seedSample(app.sql, '2026-11-21')
})
afterAll(() => app.close())

const keyOn = (body: string) => /name="key" value="([^"]*)"/.exec(body)![1]!

describe('how a report reads', () => {
  test('ask', async () => {
    const { visitor, email } = await reader(app)
    expect((await visitor.post('/account/reports', weekly)).status).toBe(303)
    const page = await visitor.get('/account/reports')
    expect(page.status).toBe(200)
    const sent = await visitor.post('/account/reports/now', { key: keyOn(page.body) })
    expect([sent.status, sent.body.slice(0, 500)]).toEqual([303, ''])
    const [mail] = await reportsTo(app, email)
    const { writeFileSync } = await import('node:fs')
    console.log(mail!.subject, mail!.headers, mail!.attachments, mail!.html!.length)
    console.log(mail!.text)
    writeFileSync('/tmp/m3/mail.html', mail!.html!)
    writeFileSync('/tmp/m3/preview.html', (await visitor.get('/account/reports/preview')).body)
  })
})

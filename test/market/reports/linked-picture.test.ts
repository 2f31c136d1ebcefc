import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pictureUrl } from '../../../src/market/reports/linked-picture.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { importUntil, makeDue, pastSlot, reader, reportsTo } from './readers.ts'

const [present, previous] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)]
let app: TestApp
let slot: Awaited<ReturnType<typeof pastSlot>>
beforeAll(async () => {
  const keys = [present, previous].map((key) => key.toString('hex')).join(',')
  app = await startApp({ MAIL_PICTURES: 'linked', SESSION_KEY: keys })
  slot = await pastSlot(app, 'weekly')
  await importUntil(app, slot.issue)
})
afterAll(() => app.close())

/** A report as it arrived, and the address of its map. */
async function report() {
  const person = await reader(app)
  await makeDue(app, slot, [person.userId])
  await app.run('queue-reports')
  const [listed] = await reportsTo(app, person.email)
  const mail = (await app.mailbox.list()).find(({ id }) => id === listed!.id)!
  const src = /<img src="([^"]+)"/.exec(mail.html ?? '')![1]!.replaceAll('&amp;', '&')
  return { person, mail, src }
}

describe('with MAIL_PICTURES=linked', () => {
  test('a report has no attachment; its map is fetched without a log-in, and kept by caches', async () => {
    const { person, mail, src } = await report()
    expect(mail.attachments ?? []).toEqual([])
    expect(src.startsWith(`${app.url}/report-maps/weekly-${slot.issue}.png?sign=`)).toBe(true)
    for (const personal of [person.userId, person.email, person.username]) expect(src).not.toContain(personal)
    const answer = await fetch(src)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png'])
    expect(answer.headers.get('cache-control')).toBe('public, max-age=604800')
    expect(answer.headers.get('cross-origin-resource-policy'), 'pages of other sites may show it').toBe('cross-origin')
    expect(answer.headers.get('set-cookie')).toBeNull()
    const picture = Buffer.from(await answer.arrayBuffer())
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
  })

  test('two readers have the same address, so that one copy serves all', async () => {
    expect((await report()).src).toBe((await report()).src)
  })

  test('watched sectors are in the address, and another choice needs another signature', async () => {
    const map = { cadence: 'weekly', issue: slot.issue, symbols: ['BANKBEES', 'ITBEES'] } as const
    const url = pictureUrl(app.url, [present], map)
    expect((await fetch(url)).status).toBe(200)
    expect((await fetch(url.replace('ITBEES', 'PHARMABEES'))).status).toBe(404)
    expect((await fetch(url.replace(/only=[^&]+&/, ''))).status).toBe(404)
  })

  test('the key before still opens while it is listed; another one, another day, half a signature and none do not', async () => {
    const map = { cadence: 'weekly', issue: slot.issue, symbols: null } as const
    expect((await fetch(pictureUrl(app.url, [previous], map))).status).toBe(200)
    const url = pictureUrl(app.url, [present], map)
    for (const wrong of [
      pictureUrl(app.url, [Buffer.alloc(32, 1)], map),
      url.replace(/\d{4}-\d\d-\d\d/, '2020-01-01'),
      url.slice(0, -3),
      pictureUrl(app.url, [present], { ...map, issue: '1999-01-01' }),
    ])
      expect((await fetch(wrong)).status, wrong).toBe(404)
    expect((await fetch(url.replace(/\?.*/, ''))).status).toBe(400)
  })

  test('who looks at a report before choosing it sees the map in the page, not from elsewhere', async () => {
    const { visitor } = await reader(app)
    const page = await visitor.get('/account/reports/preview')
    expect(page.body).not.toContain('/report-maps/')
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { deletionForm, registrant, subscriber } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { Visitor } from '../../support/visitor.ts'
import { everything, listener } from './evenings.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  await seedSample(app.sql, '2026-11-20')
})
afterAll(() => app.close())

const rowOf = async (userId: string) => {
  const [row] = await app.sql<{ isOn: boolean; top: number | null; link: string; scope: string; step: string }[]>`
    select is_on, top, link, scope, step from alert_choices where user_id = ${userId}`
  return row
}
const auditOf = async (userId: string) =>
  (
    await app.sql<
      { action: string }[]
    >`select action from audit where user_id = ${userId} and action like 'alerts.%' order by id`
  ).map(({ action }) => action)

describe('choosing alerts', () => {
  test('is kept, said in words, shown again, and in the audit with before and after', async () => {
    const { visitor, userId } = await subscriber(app)
    await app.sql`update users set email_verified_at = now() where id = ${userId}`
    const before = (await visitor.get('/account/alerts')).body
    expect(before).toContain('No alerts yet')
    expect(before).toContain('no alert is mailed until real prices are imported')
    const form = {
      ...everything,
      step: 'week',
      scope: 'chosen',
      sector: 'ITBEES',
      quietFrom: '22:00',
      quietUntil: '07:00',
    }
    expect((await visitor.post('/account/alerts', form)).location).toBe('/account/alerts')
    const { body } = await visitor.get('/account/alerts')
    expect(body).toContain(
      'Quadrant changes, ranks into or out of the top 8, Mansfield through zero and new 52-week highs of the RS line, ' +
        'of one sector, on the weekly map',
    )
    expect(body).toMatch(/name="sector" value="ITBEES" checked/)
    expect(body).toMatch(/name="quietFrom"\s+type="time"\s+value="22:00"/)
    await visitor.post('/account/alerts', { ...form, on: '' })
    expect(await rowOf(userId)).toMatchObject({ isOn: false, scope: 'chosen' })
    const [, second] = await app.sql<{ details: { before: object; after: object } }[]>`
      select details from audit where user_id = ${userId} and action = 'alerts.chosen' order by id`
    expect(second!.details).toMatchObject({ before: { on: true, sectors: ['ITBEES'] }, after: { on: false } })
    expect(JSON.stringify(second!.details)).not.toContain((await rowOf(userId))!.link)
  })

  test.each([
    ['no kind of change', { quadrant: '', rank: '', mansfield: '', high: '' }, 'at least one kind'],
    ['a rank of none', { top: '0' }, 'a number from 1 to 50'],
    ['a rank of too many', { top: '51' }, 'a number from 1 to 50'],
    ['a rank in words', { top: 'five' }, 'a number from 1 to 50'],
    ['an unknown map', { step: 'hour' }, 'the weekly or the daily map'],
    ['unknown sectors', { scope: 'mine' }, 'whose changes'],
    ['chosen sectors without one', { scope: 'chosen' }, 'at least one sector'],
    ['chosen sectors that nobody follows', { scope: 'chosen', sector: 'NOWHERE' }, 'at least one sector'],
    ['half of quiet hours', { quietFrom: '22:00' }, 'or leave both empty'],
    ['quiet hours in words', { quietFrom: 'night', quietUntil: '07:00' }, 'or leave both empty'],
    ['quiet hours of no time', { quietFrom: '07:00', quietUntil: '07:00' }, 'two different times'],
    ['quiet hours of nearly all day', { quietFrom: '07:00', quietUntil: '05:30' }, 'at least two hours'],
    ['broken characters', { step: '\ud800', scope: '\0', top: '\ud800' }, 'Please'],
  ])('%s is refused with a sentence, what was typed stays, and nothing is kept', async (_, changes, sentence) => {
    const { visitor, userId } = await subscriber(app)
    const { status, body } = await visitor.post('/account/alerts', { ...everything, ...changes } as Record<
      string,
      string
    >)
    expect(status).toBe(422)
    expect(body).toContain(sentence)
    if ('top' in changes && changes.top === '51') expect(body).toContain('value="51"')
    expect(await rowOf(userId)).toBeUndefined()
    expect(await auditOf(userId)).toEqual([])
  })

  test('turning off is never refused: a form with anything wrong in it leaves the rest as it was', async () => {
    const { visitor, userId } = await listener(app)
    const wrong = {
      top: '99',
      step: 'hour',
      scope: 'mine',
      quadrant: '',
      rank: '',
      mansfield: '',
      high: '',
      quietFrom: 'x',
    }
    expect((await visitor.post('/account/alerts', { ...wrong, on: '' })).location).toBe('/account/alerts')
    expect(await rowOf(userId)).toMatchObject({ isOn: false, top: 8, scope: 'all', step: 'day' })
    expect((await visitor.get('/account/alerts')).body).toContain('Saved: no alerts.')
  })

  test('without a plan it is kept and said to begin with one', async () => {
    const { visitor, userId } = await registrant(app)
    await app.sql`update users set email_verified_at = now() where id = ${userId}`
    await visitor.post('/account/alerts', everything)
    expect((await visitor.get('/account/alerts')).body).toContain('Alerts need an active plan')
  })
})

describe('the link in a digest', () => {
  test('shows what is on without logging in, and stops it with one press', async () => {
    const { userId, email } = await listener(app)
    const { link } = (await rowOf(userId))!
    const nobody = new Visitor(app)
    const page = await nobody.get(`/alerts/${link}`)
    expect(page.status).toBe(200)
    expect(page.body).toContain('Stop the alerts')
    expect(page.body).not.toContain(email)
    expect((await rowOf(userId))!.isOn).toBe(true)
    expect((await nobody.get(`/alerts/${link}/stop`)).location).toBe(`/alerts/${link}`)
    expect((await rowOf(userId))!.isOn).toBe(true)
    for (let i = 0; i < 2; i++) expect((await nobody.post(`/alerts/${link}`)).location).toBe(`/alerts/${link}`)
    expect((await rowOf(userId))!.isOn).toBe(false)
    expect((await nobody.get(`/alerts/${link}`)).body).toContain('No alerts')
    expect(await auditOf(userId)).toEqual(['alerts.chosen', 'alerts.stopped'])
  })

  test('stops them by a mail program’s own button, from any site and with any body', async () => {
    const { userId } = await listener(app)
    const { link } = (await rowOf(userId))!
    const stop = () =>
      fetch(`${app.url}/alerts/${link}/stop`, {
        method: 'POST',
        body: 'List-Unsubscribe=One-Click',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' },
      })
    for (let i = 0; i < 2; i++) {
      const answer = await stop()
      expect([answer.status, await answer.text()]).toEqual([200, 'Stopped: you get no more alerts.'])
    }
    expect((await rowOf(userId))!.isOn).toBe(false)
  })

  test.each(['x', 'x'.repeat(43), '%00', '%ED%A0%80', 'x'.repeat(99)])(
    'that is nobody’s (%s) opens and stops nothing',
    async (link) => {
      const nobody = new Visitor(app)
      expect((await nobody.get(`/alerts/${link}`)).status).toBeGreaterThanOrEqual(400)
      expect((await nobody.get(`/alerts/${link}`)).status).toBeLessThan(500)
      expect([400, 404]).toContain((await nobody.post(`/alerts/${link}`)).status)
      const answer = await fetch(`${app.url}/alerts/${link}/stop`, { method: 'POST' })
      expect([400, 404]).toContain(answer.status)
    },
  )
})

test('alerts are in the export of a person’s data without their link, and gone with the account', async () => {
  const { visitor, userId, username } = await listener(app)
  const { link } = (await rowOf(userId))!
  const { body, json } = await visitor.get('/account/data.json')
  expect((json() as Record<string, object[]>).alertChoices).toMatchObject([{ isOn: true, scope: 'all', top: 8 }])
  expect(body).not.toContain(link)
  await visitor.post('/account/delete', await deletionForm(visitor, username))
  expect(await rowOf(userId)).toBeUndefined()
})

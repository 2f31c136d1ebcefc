import { describe, expect, test } from 'vitest'
import { admin, app, other, reader, usePanel } from '../panel.ts'
import { bhavcopy, type Chosen, long, upload } from './uploading.ts'

usePanel(['admin', 'other', 'reader'])

type Row = [day: string, close: number]
const versionOn = (body: string) => /name="version" value="(\d+)"/.exec(body)?.[1] ?? ''
const plain = (body: string) => body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
async function held(...files: Chosen[]) {
  const { location } = await upload(admin, ...files)
  const here = location!
  const text = async (who = admin) => plain((await who.visitor.get(here)).body)
  const commits = async () =>
    (await admin.visitor.post(`${here}/commit`, { version: versionOn((await admin.visitor.get(here)).body) })).status
  return { id: Number(here.split('/').at(-1)), here, text, commits }
}
const unknown = (symbol: string, ...rows: Row[]): Chosen => ({
  name: `${symbol}.csv`,
  content: ['Date,Open,High,Low,Close', ...rows.map(([day, c]) => `${day},${c},${c},${c},${c}`)].join('\n'),
})
const yahoo = (symbol: string, ...rows: Row[]): Chosen => ({
  name: `${symbol}.NS.csv`,
  content: [
    'Date,Open,High,Low,Close,Adj Close,Volume',
    ...rows.map(([day, c]) => `${day},${c},${c},${c},${c},${c},1`),
  ].join('\n'),
})
const basesOf = async (id: number) =>
  (
    await app.sql<{ basis: string }[]>`
      select distinct symbol || ' ' || basis || coalesce(' ' || restated_as_of, '') as basis from prices
      where import_id = ${id} order by 1`
  ).map(({ basis }) => basis)
const entries = async (action: string) =>
  (await app.sql<{ details: object }[]>`select details from audit where action = ${action} order by id`).map(
    ({ details }) => details,
  )

describe('a file of unknown origin', () => {
  test('asks for its basis on the import’s page, and nothing of it counts before somebody answers', async () => {
    const { id, here, text, commits } = await held(unknown('PHARMABEES', ['2020-11-18', 20], ['2020-11-19', 20.2]))
    const page = await text()
    expect(page).toContain('PHARMABEES.csv does not say whether its prices are as traded or restated for splits.')
    expect(page).toContain('This concerns 2 prices, Wed, 18 Nov 2020 to Thu, 19 Nov 2020.')
    expect(page).toContain('Answer the questions above, then you can commit it.')
    expect(page).not.toContain('Commit 2')
    expect((await admin.visitor.post(`${here}/commit`, { version: '1' })).status).toBe(409)
    expect(await text(reader)).not.toContain('Restated up to')

    const asked = { kind: 'basis', symbol: 'PHARMABEES', seen: 'PHARMABEES.csv' }
    for (const wrong of [
      { answer: '' },
      { answer: 'same' },
      { answer: 'traded', seen: 'x' },
      { answer: 'traded', kind: '' },
    ])
      expect([wrong, (await admin.visitor.post(`${here}/questions`, { ...asked, ...wrong })).status]).toEqual([
        wrong,
        409,
      ])
    await Promise.all(
      [admin, other].map((who) => who.visitor.post(`${here}/questions`, { ...asked, answer: 'restated' })),
    )
    expect(await basesOf(id)).toEqual(['PHARMABEES restated 2020-11-19'])
    expect(await entries('import.answered')).toHaveLength(1)
    expect(await text()).toContain('PHARMABEES , PHARMABEES.csv: restated for splits Change to as traded')
    expect((await admin.visitor.post(`${here}/questions`, { ...asked, answer: 'traded' })).status).toBe(303)
    expect(await basesOf(id)).toEqual(['PHARMABEES traded'])
    expect(await commits()).toBe(303)
    expect((await admin.visitor.post(`${here}/questions`, { ...asked, answer: 'restated' })).status).toBe(409)
    expect(await basesOf(id)).toEqual(['PHARMABEES traded'])
  })

  test('is answered with all others of its import by one button', async () => {
    const { id, here, text } = await held(
      unknown('PHARMABEES', ['2020-11-18', 20]),
      unknown('HEALTHIETF', ['2020-11-18', 30]),
      long('own.csv', ['2020-11-18', 'OILIETF', 10]),
    )
    expect(await text()).toContain('All 2 files:')
    expect((await admin.visitor.post(`${here}/questions`, { all: 'basis', answer: 'nonsense' })).status).toBe(409)
    expect((await admin.visitor.post(`${here}/questions`, { all: 'basis', answer: 'restated' })).status).toBe(303)
    expect(await basesOf(id)).toEqual([
      'HEALTHIETF restated 2020-11-18',
      'OILIETF traded',
      'PHARMABEES restated 2020-11-18',
    ])
    expect(await text()).toContain('Commit 3 prices')
    await admin.visitor.post(`${here}/drop`)
  })
})

test('a split that would be applied twice is named with both files, and the right basis explains it', async () => {
  const days = await held(bhavcopy('2020-11-23', { BANKBEES: 1050 }), bhavcopy('2020-11-25', { BANKBEES: 105.9 }))
  expect(await days.text()).toContain(
    'With a split of 10 for 1, ₹1,050.00 is shown as ₹105.00 and Wed, 25 Nov 2020 as +0.9 %. As the market’s own move, Wed, 25 Nov 2020 is shown as −89.9 %.',
  )
  await admin.visitor.post(`${days.here}/decisions`, {
    symbol: 'BANKBEES',
    day: '2020-11-25',
    what: 'split',
    ratio: '10',
  })
  expect(await days.commits()).toBe(303)

  const { id, here, text, commits } = await held(yahoo('BANKBEES', ['2020-11-19', 105.2], ['2020-11-20', 105.6]))
  const page = await text()
  expect(page).toContain(
    '₹105.60 on Fri, 20 Nov 2020, ₹1,050.00 on Mon, 23 Nov 2020. After known splits, that is a change of +894.3 % .',
  )
  expect(page).toContain(
    'The first is from BANKBEES.NS.csv, restated up to Fri, 20 Nov 2020; the second from BhavCopy_NSE_CM_0_0_0_20201123_F_0000.csv of import',
  )
  expect(page).toContain('They look as if they accounted for it already: it would be applied twice.')
  expect(page).toContain('Mon, 23 Nov 2020 then shows −0.6 %.')
  expect(page).not.toContain('Commit 2')

  const jump = { symbol: 'BANKBEES', day: '2020-11-23' }
  const correction = { ...jump, of: String(id), place: '0', taken: 'restated', asOf: '2020-11-20', basis: 'restated' }
  for (const until of ['', '2020-11-19', '2999-01-01', 'soon']) {
    const wrong = await admin.visitor.post(`${here}/basis`, { ...correction, until })
    expect([
      until,
      wrong.status,
      wrong.body.includes('A day like 2026-11-20, from the file’s last one up to today.'),
    ]).toEqual([until, 422, true])
    expect(wrong.body).toContain(`value="${until}"`)
  }
  for (const wrong of [{ place: '1' }, { place: '-1' }, { place: 'x' }, { symbol: 'ITBEES' }])
    expect([
      wrong,
      (await admin.visitor.post(`${here}/basis`, { ...correction, until: '2020-11-25', ...wrong })).status,
    ]).toEqual([wrong, 409])
  expect((await admin.visitor.post(`${here}/basis`, { ...correction, of: 'x' })).status).toBe(404)
  expect(
    (await admin.visitor.post(`${here}/decisions`, { ...jump, day: '2020-11-25', what: 'split', ratio: '10' })).status,
  ).toBe(409)
  expect((await admin.visitor.post(`${here}/basis`, { ...correction, until: '2020-11-25' })).status).toBe(303)
  expect(await basesOf(id)).toEqual(['BANKBEES restated 2020-11-25'])
  expect(await commits()).toBe(303)
  expect(await entries('basis.corrected')).toMatchObject([
    {
      import: id,
      before: { basis: 'restated', as_of: '2020-11-20' },
      after: { basis: 'restated', as_of: '2020-11-25' },
    },
  ])
})

test('a move of the market’s own is taken back in the panel, and the next import with its instrument asks again', async () => {
  const rows: Parameters<typeof long>[1][] = [
    ['2020-11-19', 'AUTOBEES', 200],
    ['2020-11-20', 'AUTOBEES', 130],
  ]
  const first = await held(long('auto.csv', ...rows))
  await admin.visitor.post(`${first.here}/decisions`, { symbol: 'AUTOBEES', day: '2020-11-20', what: 'own', ratio: '' })
  expect(plain((await admin.visitor.get('/admin/market/splits')).body)).not.toContain('AUTOBEES , Fri')
  expect(await first.commits()).toBe(303)
  expect(plain((await admin.visitor.get(`${first.here}/undo`)).body)).toContain(
    'These moves, confirmed with it as the market’s own, will be asked about again: AUTOBEES on Fri, 20 Nov 2020.',
  )
  const splits = await admin.visitor.get('/admin/market/splits')
  const action = /\/admin\/market\/splits\/own-moves\/\d+\/removal/.exec(splits.body)![0]
  expect((await reader.visitor.get('/admin/market/splits')).body).not.toContain(action)
  expect((await reader.visitor.post(action)).status).toBe(403)
  const [before] = await app.sql<{ version: number }[]>`select version::int as version from market_state`
  await Promise.all([admin, other].map((who) => who.visitor.post(action)))
  const [now] = await app.sql<{ version: number }[]>`select version::int as version from market_state`
  expect(now!.version).toBe(before!.version + 1)
  expect(await entries('jump.removed')).toMatchObject([{ symbol: 'AUTOBEES', day: '2020-11-20', import: first.id }])
  expect((await admin.visitor.post('/admin/market/splits/own-moves/x/removal')).status).toBe(404)
  const next = await held(long('next.csv', ['2020-11-23', 'AUTOBEES', 131]))
  expect(await next.text()).toContain('₹200.00 on Thu, 19 Nov 2020, ₹130.00 on Fri, 20 Nov 2020')
  expect(await next.commits()).toBe(409)
})

test('taking an import back says which decisions stay, and what nobody has explained that subscribers will see then', async () => {
  const rows = (...closes: [string, number][]) =>
    long('cpse.csv', ...closes.map(([day, close]) => [day, 'CPSEETF', close] as [string, string, number]))
  expect(await (await held(rows(['2020-11-19', 400], ['2020-11-20', 401]))).commits()).toBe(303)
  const restated = await held(yahoo('CPSEETF', ['2020-11-19', 40], ['2020-11-20', 40.1], ['2020-11-23', 40.2]))
  expect(await restated.commits()).toBe(303)
  const later = await held(rows(['2020-11-25', 80]))
  const jump = { symbol: 'CPSEETF', day: '2020-11-25' }
  await admin.visitor.post(`${later.here}/decisions`, { ...jump, what: 'split', ratio: '0.5' })
  expect(await later.commits()).toBe(303)
  expect(await (await held(rows(['2020-11-26', 81]))).commits()).toBe(303)
  const undoing = async (here: string) => plain((await admin.visitor.get(`${here}/undo`)).body)
  expect(await undoing(later.here)).toContain('What was decided with it about CPSEETF on Wed, 25 Nov 2020 stays')
  expect(await undoing(restated.here)).toContain(
    'Subscribers will see as a move of the market: CPSEETF from ₹401.00 on Fri, 20 Nov 2020 to ₹80.00 on Wed, 25 Nov 2020. If that is a split, enter it first.',
  )
})

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Admin } from '../../support/admin.ts'
import { until } from '../../support/until.ts'
import { admin, app, other, reader, usePanel } from '../panel.ts'
import { bhavcopy, type Chosen, cookieOf, long, upload } from './uploading.ts'

// A folder of its own, so that uploads of other tests are not counted.
const { TMPDIR } = process.env
const own = mkdtempSync(join(tmpdir(), 'etf-uploads-of-test-'))
beforeAll(() => {
  process.env.TMPDIR = own
})
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
  rmSync(own, { recursive: true, force: true })
})
usePanel(['admin', 'other', 'reader'])

const idIn = (location: string | null) => Number(/\/admin\/market\/imports\/(\d+)$/.exec(location ?? '')?.[1])
const statusOf = async (id: number) =>
  (await app.sql<{ status: string }[]>`select status from imports where id = ${id}`)[0]?.status
const countedOf = async (symbol: string) =>
  (await app.sql<{ close: number }[]>`select close from counted_prices(${symbol}) order by day`).map((row) => row.close)
const versionOn = (body: string) => /name="version" value="(\d+)"/.exec(body)?.[1] ?? ''
const forgotten = () => readdirSync(tmpdir()).filter((name) => name.startsWith('etf-upload-'))
const noted = async (id: number) =>
  (
    await app.sql<{ action: string }[]>`
      select action from audit where details ->> 'import' = ${String(id)} and action like 'import.%' order by id`
  ).map(({ action }) => action)

async function held(...files: Chosen[]) {
  const id = idIn((await upload(admin, ...files)).location)
  const page = await admin.visitor.get(`/admin/market/imports/${id}`)
  return { id, here: `/admin/market/imports/${id}`, page, version: versionOn(page.body) }
}

describe('files of every format', () => {
  const day = (name: string, lines: string[]): Chosen => ({ name, content: lines.join('\n') })
  test.each<[string, Chosen]>([
    ['NSE bhavcopy (UDiFF', bhavcopy('2020-11-20', { BANKBEES: 505.25 })],
    [
      'NSE bhavcopy (until',
      day('cm20NOV2020bhav.csv', [
        'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,',
        'BANKBEES,EQ,500,510,499,505.25,505,500,1234,623456.7,20-NOV-2020,321,INF204KB15I9,',
      ]),
    ],
    [
      'NSE full bhavcopy',
      day('sec_bhavdata_full_20112020.csv', [
        'SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE, TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER',
        'BANKBEES, EQ, 20-Nov-2020, 500, 500, 510, 499, 505, 505.25, 505, 1234, 6.23, 321, 1000, 81.0',
      ]),
    ],
    [
      'Yahoo download',
      day('BANKBEES.NS.csv', [
        'Date,Open,High,Low,Close,Adj Close,Volume',
        '2020-11-19,null,null,null,null,null,null',
        '2020-11-20,500,510,499,505.25,505.25,1234',
      ]),
    ],
    [
      'Stooq, one symbol',
      day('bankbees.in.csv', ['Date,Open,High,Low,Close,Volume', '2020-11-20,500,510,499,505.25,1234']),
    ],
    [
      'Stooq, many symbols',
      day('data.csv', [
        '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>',
        'BANKBEES.IN,D,20201120,000000,500,510,499,505.25,1234,0',
      ]),
    ],
    ['Our own', { name: 'own.csv', content: '\uFEFFdate,symbol,close\r\n20-Nov-2020,BANKBEES,"505.25"\r\n' }],
    [
      'NSE bhavcopy (UDiFF',
      {
        name: 'month.zip',
        content: zipSync({ 'a.csv': strToU8(bhavcopy('2020-11-20', { BANKBEES: 505.25 }).content as string) }),
      },
    ],
  ])('%s is known by its columns and held', async (title, file) => {
    const { id, page } = await held(file)
    expect(page.body).toContain(title)
    expect(page.body).toContain('Commit 1 price<')
    const rows = await app.sql`select symbol, day::text as day, close from prices where import_id = ${id}`
    expect([...rows]).toEqual([{ symbol: 'BANKBEES', day: '2020-11-20', close: 505.25 }])
    expect(await countedOf('BANKBEES')).toEqual([])
    await admin.visitor.post(`/admin/market/imports/${id}/drop`)
    expect(await statusOf(id)).toBe('dropped')
  })
})

describe('a file that is not right', () => {
  test.each<[string, Chosen, string, string]>([
    [
      'an unknown symbol',
      long('a.csv', ['2020-11-20', 'BANKBEES', 1], ['2020-11-20', 'NOSUCH', 1]),
      'a.csv, line 3',
      '“NOSUCH” is not an instrument we follow',
    ],
    ['a day that does not exist', long('a.csv', ['2020-02-31', 'BANKBEES', 1]), 'a.csv, line 2', 'is not a date like'],
    [
      'a price that is none',
      long('a.csv', ['2020-11-20', 'BANKBEES', '"1,2,3"']),
      'a.csv, line 2',
      'is not a closing price',
    ],
    [
      'a day twice',
      long('a.csv', ['2020-11-20', 'BANKBEES', 1], ['2020-11-20', 'BANKBEES', 2]),
      'a.csv, line 3',
      'already, on line 2',
    ],
  ])('%s is told with its line, and nothing of the upload can be committed', async (_what, file, where, sentence) => {
    const { id, here, page } = await held(long('good.csv', ['2020-11-19', 'ITBEES', 40]), file)
    expect(page.body).toContain(where)
    expect(page.body).toContain(sentence)
    expect(page.body).not.toContain('Commit 1')
    const answer = await admin.visitor.post(`${here}/commit`, { version: versionOn(page.body) })
    expect([answer.status, answer.body.includes('all or nothing')]).toEqual([409, true])
    expect(await countedOf('ITBEES')).toEqual([])
    await admin.visitor.post(`${here}/drop`)
    expect(await noted(id)).toEqual(['import.dropped'])
  })

  test.each<[string, Chosen, string, string]>([
    [
      'a web page saved as CSV',
      { name: 'page.csv', content: '<!DOCTYPE html><html><body>Access denied</body></html>' },
      'page.csv',
      'This is a web page',
    ],
    [
      'a quote that is not closed',
      { name: 'q.csv', content: 'date,symbol,close\n2020-11-20,BANKBEES,1\n2020-11-19,"BANKBEES,1\n' },
      'q.csv',
      'not a CSV file',
    ],
    [
      'a zip that was cut off',
      { name: 'cut.zip', content: zipSync({ 'a.csv': strToU8('date,symbol,close\n') }).slice(0, 60) },
      'cut.zip',
      'not downloaded to its end',
    ],
    ['an empty file', { name: 'none.csv', content: '' }, 'none.csv', 'This file is empty'],
    [
      'a name that tells no symbol',
      { name: 'download (1).csv', content: 'Date,Open,High,Low,Close,Adj Close,Volume\n2020-11-20,1,1,1,1,1,1\n' },
      'download (1).csv',
      'not an instrument we follow',
    ],
    [
      'an Excel workbook called CSV',
      { name: 'bhav.csv', content: zipSync({ '[Content_Types].xml': strToU8('<Types/>') }) },
      'bhav.csv',
      'This is an Excel workbook. Open it and save it as CSV',
    ],
    [
      'a NUL byte at the end of its last line',
      { name: 'nul.csv', content: 'date,symbol,close\n2020-11-26,BANKBEES,505\n2020-11-27,BANKBEES,\0' },
      'nul.csv',
      'Line 3: This is not a text file',
    ],
    [
      'a name with markup in it',
      { name: '<img src=x>.csv', content: 'x,y\n' },
      '&lt;img src=x&gt;.csv',
      'No format has these columns',
    ],
    [
      'a spreadsheet',
      { name: 'bhav.csv', content: zipSync({ 'xl/workbook.xml': strToU8('<workbook/>') }) },
      'bhav.csv',
      'Excel workbook',
    ],
  ])(
    '%s is named with its reason, and the good file beside it can be committed',
    async (_what, file, where, sentence) => {
      const { id, here, page } = await held(long('good.csv', ['2020-11-19', 'ITBEES', 40]), file)
      expect(page.body).toContain('1 file not read')
      expect(page.body).toContain(where)
      expect(page.body).toContain(sentence)
      expect(page.body).toContain('1 file that cannot be read is left out.')
      expect((await admin.visitor.post(`${here}/commit`, { version: versionOn(page.body) })).status).toBe(303)
      expect(await countedOf('ITBEES')).toEqual([40])
      const undoing = await admin.visitor.get(`${here}/undo`)
      await admin.visitor.post(`${here}/undo`, { version: versionOn(undoing.body) })
      expect(await noted(id)).toEqual(['import.committed', 'import.undone'])
      const alone = await held(file)
      expect([
        alone.page.body.includes('There is nothing else in this import.'),
        alone.page.body.includes('>Commit'),
      ]).toEqual([true, false])
      expect((await admin.visitor.post(`${alone.here}/commit`, { version: versionOn(page.body) })).status).toBe(409)
      await admin.visitor.post(`${alone.here}/drop`)
    },
  )

  test('nothing chosen, too many files, and files too large are refused before anything is read', async () => {
    const before = await app.sql`select id from imports`
    expect(await upload(admin)).toMatchObject({ status: 422 })
    const none = await upload(admin, { name: '', content: '' })
    expect([none.status, none.body.includes('Choose one file or more.')]).toEqual([422, true])
    expect((await admin.visitor.post('/admin/market/imports', { files: 'x' })).status).toBe(422)
    const many = await upload(admin, ...Array.from({ length: 61 }, (_, i) => long(`${i}.csv`)))
    expect([many.status, many.body.includes('At most 60 files at once.')]).toEqual([422, true])
    const large = await upload(admin, { name: 'huge.csv', content: new Uint8Array(51_000_000) }, long('a.csv'))
    expect([large.status, large.body.includes('huge.csv is larger than 50 MB.')]).toEqual([422, true])
    expect(await app.sql`select id from imports`).toHaveLength(before.length)
    expect(forgotten()).toEqual([])
  })

  test('whoever breaks off in the middle leaves no file and no import', async () => {
    const before = await app.sql`select id from imports`
    const { hostname, port, host } = new URL(app.url)
    const socket = connect(Number(port), hostname)
    const gone = new Promise((resolve) => socket.once('close', resolve))
    socket.write(
      `POST /admin/market/imports HTTP/1.1\r\nhost: ${host}\r\nsec-fetch-site: same-origin\r\ncookie: ${cookieOf(admin.visitor.cookies)}\r\n` +
        'content-type: multipart/form-data; boundary=b\r\ncontent-length: 9000000\r\n\r\n' +
        '--b\r\ncontent-disposition: form-data; name="files"; filename="half.csv"\r\n\r\ndate,symbol,close\n',
    )
    await until(async () => forgotten().length === 1)
    socket.destroy()
    await gone
    await until(async () => forgotten().length === 0)
    expect(await app.sql`select id from imports`).toHaveLength(before.length)
    expect((await admin.visitor.get('/admin/market/imports')).status).toBe(200)
  })
})

describe('an import', () => {
  test('by two admins at once counts once, is taken back once, and each of them is told the same', async () => {
    const { id, here, version } = await held(bhavcopy('2020-11-18', { NIFTYBEES: 290, ITBEES: 40 }))
    const both = [admin, other, admin, other]
    const commits = await Promise.all(both.map((who) => who.visitor.post(`${here}/commit`, { version })))
    expect(commits.map(({ status }) => status)).toEqual([303, 303, 303, 303])
    expect(await countedOf('ITBEES')).toEqual([40])
    const undoing = await admin.visitor.get(`${here}/undo`)
    expect(undoing.body).toContain('2 prices will be removed')
    const given = { version: versionOn(undoing.body) }
    const undone = await Promise.all(both.map((who) => who.visitor.post(`${here}/undo`, given)))
    expect(undone.map(({ status }) => status)).toEqual([303, 303, 303, 303])
    expect(await countedOf('ITBEES')).toEqual([])
    expect(await noted(id)).toEqual(['import.committed', 'import.undone'])
    const [entry] =
      await app.sql`select actor, origin from audit where action = 'import.undone' and details ->> 'import' = ${String(id)}`
    expect(entry).toMatchObject({ origin: { address: expect.any(String) } })
    expect((await admin.visitor.post(`${here}/commit`, { version })).status).toBe(409)
  })

  test('that was compared with what does not count any more is looked at again first', async () => {
    const mine = await held(long('mine.csv', ['2020-11-16', 'AUTOBEES', 20]))
    const theirs = await held(long('theirs.csv', ['2020-11-16', 'AUTOBEES', 21]))
    await other.visitor.post(`${theirs.here}/commit`, { version: theirs.version })
    const late = await admin.visitor.post(`${mine.here}/commit`, { version: mine.version })
    expect([late.status, late.body.includes('Something changed in the market in the meantime')]).toEqual([409, true])
    expect(await countedOf('AUTOBEES')).toEqual([21])
    expect((await admin.visitor.post(`${mine.here}/commit`, { version: versionOn(late.body) })).status).toBe(303)
    expect(await countedOf('AUTOBEES')).toEqual([20])
    const undoing = await admin.visitor.get(`${mine.here}/undo`)
    expect(undoing.body).toContain('For 1 price the earlier value goes live again')
    await admin.visitor.post(`${mine.here}/undo`, { version: versionOn(undoing.body) })
    expect((await admin.visitor.get(mine.here)).body).toContain('For 1 price the earlier value is live again.')
    expect(await countedOf('AUTOBEES')).toEqual([21])
  })

  test('with a fall to a hundredth waits until the split is decided, which two people do only once', async () => {
    const { here, page } = await held(
      long(
        'cpse.csv',
        ['2019-12-18', 'CPSEETF', 3359.6],
        ['2019-12-19', 'CPSEETF', 33.55],
        ['2019-12-20', 'CPSEETF', 33.6],
      ),
    )
    expect(page.body).toContain('close to a split of <b>100 for 1</b>')
    expect(page.body).not.toContain('Commit 3')
    const jump = { symbol: 'CPSEETF', day: '2019-12-19' }
    const decide = (who: Admin, more: Record<string, string>) =>
      who.visitor.post(`${here}/decisions`, { ...jump, ...more })
    for (const ratio of ['', '1', '0', '-5', 'ten', '1e9', 'NaN']) {
      const wrong = await decide(admin, { what: 'split', ratio })
      expect([ratio, wrong.status, wrong.body.includes('New units for one old: 10')]).toEqual([ratio, 422, true])
    }
    const answers = await Promise.all([
      decide(admin, { what: 'split', ratio: '100' }),
      decide(other, { what: 'own', ratio: '100' }),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    const decided =
      await app.sql`select 1 from splits where symbol = 'CPSEETF' union all select 1 from real_jumps where symbol = 'CPSEETF'`
    expect(decided).toHaveLength(1)

    expect((await admin.visitor.post(`${here}/decisions/removal`, jump)).status).toBe(303)
    expect((await decide(admin, { what: 'split', ratio: '100:1' })).status).toBe(303)
    const ready = await admin.visitor.get(here)
    expect(ready.body).toContain('a split, 100 for 1')
    await admin.visitor.post(`${here}/commit`, { version: versionOn(ready.body) })
    expect((await admin.visitor.get('/admin/market/splits')).body).toContain('100 for 1')
    const undoing = await admin.visitor.get(`${here}/undo`)
    expect(undoing.body).toContain('CPSEETF on Thu, 19 Dec 2019')
    await admin.visitor.post(`${here}/undo`, { version: versionOn(undoing.body) })
    expect(await app.sql`select from counted_splits()`).toHaveLength(0)
    expect((await decide(admin, { what: 'own' })).status).toBe(409)
  })

  test('whose reading never ended is let go by the clean-up, but not while it may still be read', async () => {
    const rows = await app.sql<{ id: number }[]>`
      insert into imports (origin, created_by, created_at)
      values ('upload', 'test', now() - interval '2 hours'), ('upload', 'test', now() - interval '10 minutes')
      returning id::int as id`
    expect((await admin.visitor.get(`/admin/market/imports/${rows[0]!.id}`)).body).toContain(
      'The files are being read.',
    )
    await app.run('clean')
    expect(await Promise.all(rows.map(({ id }) => statusOf(id)))).toEqual(['dropped', 'reading'])
    expect(await noted(rows[0]!.id)).toEqual(['import.dropped'])
    await app.sql`update imports set status = 'dropped' where id = ${rows[1]!.id}`
  })
})

test('who may only look sees everything and changes nothing; visitors find no address', async () => {
  const { id, here, version } = await held(long('look.csv', ['2020-11-20', 'PHARMABEES', 20]))
  const page = await reader.visitor.get(here)
  expect([page.status, page.body.includes('Commit 1'), page.body.includes('Discard')]).toEqual([200, false, false])
  expect((await reader.visitor.get('/admin/market/imports')).body).not.toContain('type="file"')
  expect((await upload(reader, long('a.csv', ['2020-11-20', 'ITBEES', 1]))).status).toBe(403)
  for (const act of ['commit', 'drop', 'undo', 'questions', 'basis', 'decisions', 'decisions/removal'])
    expect([act, (await reader.visitor.post(`${here}/${act}`, { version })).status]).toEqual([act, 403])
  expect(await statusOf(id)).toBe('held')
  for (const address of ['0', 'x', '99999999', '1e3', `${id}'`])
    expect((await admin.visitor.get(`/admin/market/imports/${address}`)).status).toBe(404)
})

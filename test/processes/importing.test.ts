import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type Sql } from '../../src/platform/db.ts'
import { notBefore } from '../support/clock.ts'
import { freshDatabase } from '../support/database.ts'
import { runCommand } from '../support/process.ts'

const folder = mkdtempSync(join(tmpdir(), 'etf-import-command-'))
let sql: Sql
let database: Awaited<ReturnType<typeof freshDatabase>>
beforeAll(async () => {
  database = await freshDatabase()
  await notBefore('2026-11-28')(database.url)
  sql = connect(database.url, { max: 1 })
})
afterAll(async () => {
  await sql.end({ timeout: 2 })
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

const run = (...words: string[]) => runCommand('import', words, { DATABASE_URL: database.url })

function file(name: string, ...lines: string[]) {
  const path = join(folder, name)
  writeFileSync(path, lines.join('\n'))
  return path
}
const counted = async () =>
  (await sql<{ close: number }[]>`select close from counted_prices('ITBEES') order by day`).map((row) => row.close)

test('npm run import looks, decides a split, commits and takes back', async () => {
  const prices = file(
    'it.csv',
    'date,symbol,close',
    '2026-11-18,ITBEES,402',
    '2026-11-19,ITBEES,40.5',
    '2026-11-20,ITBEES,41',
  )
  const look = await run('--dry-run', prices)
  expect([look.code, await counted()]).toEqual([0, []])
  expect(look.output).toContain('ITBEES       2026-11-18 to 2026-11-20: 3 new, 0 changed, 0 known')
  expect(look.output).toContain('--split ITBEES:2026-11-19:10 or --real ITBEES:2026-11-19')
  const undecided = await run(prices)
  expect([undecided.code, await counted()]).toEqual([1, []])
  expect(undecided.output).toContain('Nothing was imported: decide the jumps first.')
  const wrong = await run(prices, '--split', 'ITBEES:2026-11-18:10')
  expect([wrong.code, wrong.output.includes('    at '), await counted()]).toEqual([1, false, []])

  const done = await run(prices, '--split', 'ITBEES:2026-11-19:10')
  expect([done.code, await counted()]).toEqual([0, [402, 40.5, 41]])
  const id = /--undo (\d+)/.exec(done.output)![1]!
  const [split] = await sql<{ ratio: number }[]>`select ratio from counted_splits()`
  expect(split!.ratio).toBe(10)
  expect((await run('--list')).output).toMatch(new RegExp(`${id}  committed .*it\\.csv`))
  const unsure = await run('--undo', id, '--dry-run')
  expect([unsure.code, unsure.output.includes('--dry-run works with files only.')]).toEqual([1, true])
  const back = await run('--undo', id)
  expect([back.code, await counted()]).toEqual([0, []])
  expect(await sql`select from imports where status in ('reading', 'held')`).toHaveLength(0)
}, 60_000)

test('what is wrong is told with its line and imports nothing', async () => {
  const bad = file('bad.csv', 'date,symbol,close', '2026-11-20,ITBEES,41', '2026-11-31,ITBEES,41')
  const { code, output } = await run(bad)
  expect([code, await counted()]).toEqual([1, []])
  expect(output).toContain('bad.csv, line 3: “2026-11-31” is not a date')
  const missing = await run(bad, join(folder, 'not-there.csv'))
  expect([missing.code, missing.output.includes('There is no file'), missing.output.includes('    at ')]).toEqual([
    1,
    true,
    false,
  ])
  expect((await run('--undo', '999')).code).toBe(1)
  expect((await run('--undo', 'x')).code).toBe(1)
  expect((await run()).output).toContain('npm run import -- FILES')
  expect(await sql`select from imports where status in ('reading', 'held')`).toHaveLength(0)
}, 60_000)

test('NSE’s list of ETFs is read too, alone or before prices; with a wrong line it is not', async () => {
  const header = 'Symbol,Underlying,SecurityName,DateofListing,MarketLot,ISINNumber,FaceValue'
  const list = file('eq_etfseclist.csv', header, 'ITBEES,Nifty IT,IT BeES,01-Jul-20,1,INF204KC1AB2,10')
  const listed = async () => (await sql`select symbol from etf_list`).length
  const look = await run('--dry-run', list)
  expect([look.code, await listed(), look.output.includes('It was not read: --dry-run.')]).toEqual([0, 0, true])
  const bad = await run(file('bad-list.csv', header, 'ITBEES,Nifty IT,IT BeES,soon,1,INF204KC1AB2,10'))
  expect([bad.code, await listed(), bad.output.includes('bad-list.csv, line 2: “soon” is not a date')]).toEqual([
    1,
    0,
    true,
  ])
  const done = await run(list, file('one.csv', 'date,symbol,close', '2026-11-20,ITBEES,41'))
  expect([done.code, await listed(), await counted()]).toEqual([0, 1, [41]])
  expect(done.output).toContain('Read: 1 new, 0 changed, 0 left the list.')
}, 60_000)

test('a look decides nothing for later: what was called the market’s own move is asked about by the real import', async () => {
  const rows = ['2026-11-23,ITBEES,410', '2026-11-24,ITBEES,405', '2026-11-25,ITBEES,40.6']
  const prices = file('fall.csv', 'date,symbol,close', ...rows)
  const look = await run('--dry-run', '--real', 'ITBEES:2026-11-25', prices)
  expect([look.code, look.output.includes('Nothing was imported: --dry-run.')]).toEqual([0, true])
  const real = await run(prices)
  expect([real.code, real.output.includes('decide the jumps first'), await counted()]).toEqual([1, true, [41]])
  expect(await sql`select from real_jumps`).toHaveLength(0)
  expect(await sql`select from splits where day = '2026-11-25'`).toHaveLength(0)
}, 60_000)

test('a file of unknown origin is held until --basis says what it holds; a wrong basis is named and corrected', async () => {
  const unknown = (name: string, ...closes: number[]) =>
    file(
      name,
      'Date,Open,High,Low,Close',
      ...closes.map((close, i) => `2026-11-${16 + i},${close},${close},${close},${close}`),
    )
  const prices = unknown('PHARMABEES.csv', 20, 20.2, 20.4)
  const held = await run(prices)
  expect([held.code, held.output.includes('Nothing was imported: answer the questions first.')]).toEqual([1, true])
  expect(held.output).toContain(
    '? PHARMABEES.csv: 3 prices of PHARMABEES, 2026-11-16 to 2026-11-18. As they were traded, or restated for splits?',
  )
  for (const wrong of ['maybe', 'PHARMABEES:maybe', 'BANKBEES:traded']) {
    const { code, output } = await run(prices, '--basis', wrong)
    expect([wrong, code, output.includes('    at ')]).toEqual([wrong, 1, false])
  }
  const split = file('own.csv', 'date,symbol,close', '2026-11-19,PHARMABEES,204', '2026-11-20,PHARMABEES,20.3')
  expect((await run(split, '--split', 'PHARMABEES:2026-11-20:10')).code).toBe(0)
  const twice = await run(prices, '--basis', 'restated')
  expect(twice.code).toBe(1)
  expect(twice.output).toContain(
    'it would be applied twice. --basis PHARMABEES:restated:2026-11-20 or --real PHARMABEES:2026-11-19',
  )
  const right = await run(prices, '--basis', 'restated', '--basis', 'PHARMABEES:restated:2026-11-20')
  expect(right.output).toContain('Committed as import')
  const [row] = await sql`
    select count(*)::int as prices from counted_closes('PHARMABEES') where restated_as_of = '2026-11-20'`
  expect(row!.prices).toBe(3)
}, 60_000)

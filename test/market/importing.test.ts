import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cachedAnalysis, currentMarket } from '../../src/market/engine/market.ts'
import { commit, decideJump, previewImport, readIntoImport, undo } from '../../src/market/prices/imports/imports.ts'
import { deleteDecision } from '../../src/market/prices/imports/jump-queries.ts'
import { commitImport, dropImport, findImport } from '../../src/market/prices/imports/queries.ts'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { notBefore } from '../support/clock.ts'
import { freshDatabase } from '../support/database.ts'
import { untilLocked } from '../support/until.ts'

let sql: Sql
let drop: () => Promise<void>
const folder = mkdtempSync(join(tmpdir(), 'etf-import-'))
beforeAll(async () => {
  const database = await freshDatabase()
  await notBefore('2026-11-28')(database.url)
  sql = connect(database.url, { max: 4 })
  drop = database.drop
})
afterAll(async () => {
  await sql.end({ timeout: 2 })
  await drop()
  rmSync(folder, { recursive: true, force: true })
})

const by = { origin: 'upload', actor: 'test' } as const
const tester = { actor: 'test', origin: null }
function file(name: string, lines: string[]) {
  const path = join(folder, name)
  writeFileSync(path, lines.join('\n'))
  return { path, name }
}
const closesOf = async (symbol: string) =>
  (await sql<{ day: string; close: number }[]>`select day::text as day, close from counted_prices(${symbol})`).map(
    (row) => [row.day, row.close] as const,
  )

describe('an import', () => {
  test('counts nothing until it is committed, then all of it, and undone nothing again', async () => {
    const id = await readIntoImport(
      sql,
      [file('a.csv', ['date,symbol,close', '2026-11-19,BANKBEES,500', '2026-11-20,BANKBEES,505'])],
      by,
    )
    expect(await closesOf('BANKBEES')).toEqual([])
    expect((await previewImport(sql, id)).symbols).toMatchObject([
      { symbol: 'BANKBEES', rows: 2, fresh: 2, from: '2026-11-19', to: '2026-11-20' },
    ])
    await commit(sql, id, tester)
    await commit(sql, id, tester)
    expect(await closesOf('BANKBEES')).toEqual([
      ['2026-11-19', 500],
      ['2026-11-20', 505],
    ])
    await undo(sql, id, tester)
    await undo(sql, id, tester)
    expect(await closesOf('BANKBEES')).toEqual([])
    await expect(commit(sql, id, tester)).rejects.toThrow('dropped or undone')
  })

  test('of the same file again brings nothing new; a correction counts from then on, and undone the first counts again', async () => {
    const first = ['date,symbol,close', '2026-11-19,ITBEES,40', '2026-11-20,ITBEES,41']
    const a = await readIntoImport(sql, [file('it.csv', first)], by)
    await commit(sql, a, tester)
    const again = await readIntoImport(sql, [file('it.csv', first)], by)
    expect((await previewImport(sql, again)).symbols).toMatchObject([{ fresh: 0, same: 2, changed: 0 }])
    const b = await readIntoImport(sql, [file('it2.csv', [first[0]!, '2026-11-20,ITBEES,42'])], by)
    expect((await previewImport(sql, b)).symbols).toMatchObject([{ fresh: 0, same: 0, changed: 1 }])
    await commit(sql, b, tester)
    expect(await closesOf('ITBEES')).toEqual([
      ['2026-11-19', 40],
      ['2026-11-20', 42],
    ])
    await undo(sql, b, tester)
    expect(await closesOf('ITBEES')).toEqual([
      ['2026-11-19', 40],
      ['2026-11-20', 41],
    ])
  })

  test('with a wrong line counts nothing at all, and says which', async () => {
    const id = await readIntoImport(
      sql,
      [
        file('bad.csv', [
          'date,symbol,close',
          '2026-11-20,BANKBEES,505',
          '2026-11-20,NOSUCH,1',
          '2026-13-01,BANKBEES,5',
          '2026-11-19,BANKBEES,"1,2,3"',
        ]),
      ],
      by,
    )
    const held = (await findImport(sql, id))!
    expect(held.problems.map((problem) => problem.line)).toEqual([3, 4, 5])
    await expect(commit(sql, id, tester)).rejects.toThrow('all or nothing')
    expect(await closesOf('BANKBEES')).toEqual([])
  })

  test('with a day twice names both lines, also across files', async () => {
    const one = file('x1.csv', ['date,symbol,close', '2026-11-20,BANKBEES,505', '2026-11-20,BANKBEES,506'])
    const two = file('x2.csv', ['date,symbol,close', '2026-11-20,BANKBEES,505'])
    const held = (await findImport(sql, await readIntoImport(sql, [one, two], by)))!
    expect(held.problems).toEqual([
      { file: 'x1.csv', line: 3, sentence: 'BANKBEES has a price for 2026-11-20 already, on line 2.' },
      { file: 'x2.csv', line: 2, sentence: 'BANKBEES has a price for 2026-11-20 already, in x1.csv, line 2.' },
    ])
  })

  test('with a day twice in one archive says so, also where it is the same line of two files', async () => {
    const days = Array.from({ length: 1_000 }, (_, i) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10))
    const all = ['date,symbol,close', ...days.map((day) => `${day},BANKBEES,300`)].join('\n')
    const path = join(folder, 'twice.zip')
    writeFileSync(
      path,
      zipSync({ 'all.csv': strToU8(all), 'first.csv': strToU8(`date,symbol,close\n${days[0]},BANKBEES,301`) }),
    )
    const held = (await findImport(sql, await readIntoImport(sql, [{ path, name: 'twice.zip' }], by)))!
    expect(held.problems).toEqual([
      {
        file: 'twice.zip › first.csv',
        line: 2,
        sentence: 'BANKBEES has a price for 2020-01-01 already, in twice.zip › all.csv, line 2.',
      },
    ])
  })

  test.each([
    ['the same price', '301', '301'],
    ['another price', '301', '302'],
  ])(
    'with a day on the same line of two files of a zip, and %s, names both, though they are stored together',
    async (_what, ...closes) => {
      const path = join(folder, 'pair.zip')
      const files = closes.map((close, i) => [
        `${'ab'[i]}.csv`,
        strToU8(`date,symbol,close\n2026-11-20,BANKBEES,${close}\n`),
      ])
      writeFileSync(path, zipSync(Object.fromEntries(files)))
      const id = await readIntoImport(sql, [{ path, name: 'pair.zip' }], by)
      expect((await findImport(sql, id))!.problems).toEqual([
        {
          file: 'pair.zip › b.csv',
          line: 2,
          sentence: 'BANKBEES has a price for 2026-11-20 already, in pair.zip › a.csv, line 2.',
        },
      ])
      await expect(commit(sql, id, tester)).rejects.toThrow('all or nothing')
    },
  )

  test('with a day thrice says so of the second and the third', async () => {
    const lines = ['date,symbol,close', ...['505', '505', '506'].map((close) => `2026-11-20,BANKBEES,${close}`)]
    const held = (await findImport(sql, await readIntoImport(sql, [file('x.csv', lines)], by)))!
    expect(held.problems.map(({ line, sentence }) => [line, sentence.slice(-10)])).toEqual([
      [3, 'on line 2.'],
      [4, 'on line 2.'],
    ])
  })

  test('of unreadable files and good ones counts the good ones, and keeps why the others were not read', async () => {
    const bad = [
      file('bhav.csv', ['PK\x03\x04 [Content_Types].xml']),
      file('nul.csv', ['date,symbol,close', '2026-11-26,BANKBEES,505', '2026-11-27,BANKBEES,\0']),
      file('wide.csv', [Buffer.from('date,symbol', 'utf16le').toString('latin1')]),
    ]
    const good = file('good.csv', ['date,symbol,close', '2026-11-25,FMCGIETF,60', '2026-11-26,FMCGIETF,nan'])
    const id = await readIntoImport(sql, [...bad.slice(0, 2), good, ...bad.slice(2)], by)
    const held = (await findImport(sql, id))!
    expect(held.refused).toEqual([
      { file: 'bhav.csv', sentence: expect.stringContaining('Excel workbook') },
      { file: 'nul.csv', sentence: expect.stringContaining('Line 3: This is not a text file') },
      { file: 'wide.csv', sentence: expect.stringContaining('No format has these columns: DATE, SYMBOL.') },
    ])
    expect(held.files.map(({ prices, skipped }) => [prices, skipped])).toEqual([
      [0, 0],
      [0, 0],
      [1, 1],
      [0, 0],
    ])
    await commit(sql, id, tester)
    expect(await closesOf('FMCGIETF')).toEqual([['2026-11-25', 60]])
    expect(await closesOf('BANKBEES')).toEqual([])
    await undo(sql, id, tester)
    const none = await readIntoImport(sql, bad, by)
    await expect(commit(sql, none, tester)).rejects.toThrow('There is no price or NAV in this import.')
  })

  test('of a day that has not come, or of a weekend of a year whose calendar is known, counts nothing', async () => {
    const [clock] = await sql<{ year: string }[]>`select to_char(now(), 'YYYY') as year`
    const future = `${Number(clock!.year) + 2}-11-27`
    for (const day of [future, '2026-11-21']) {
      const lines = ['date,symbol,close', '2026-11-20,NIFTYBEES,250', `${day},NIFTYBEES,250`]
      const id = await readIntoImport(sql, [file('f.csv', lines)], by)
      expect((await findImport(sql, id))!.problems).toMatchObject([{ line: 3, sentence: expect.stringContaining(day) }])
      await expect(commit(sql, id, tester)).rejects.toThrow('all or nothing')
      expect(await closesOf('NIFTYBEES')).toEqual([])
    }
    // Muhurat, and a Saturday with a session long before the years that are entered.
    const sessions = ['date,symbol,close', '2026-11-08,NIFTYBEES,250', '2012-03-03,NIFTYBEES,53']
    const id = await readIntoImport(sql, [file('s.csv', sessions)], by)
    expect((await findImport(sql, id))!.problems).toEqual([])
  })

  test('with a fall to a hundredth is held until somebody says that it is a split', async () => {
    const id = await readIntoImport(
      sql,
      [
        file('gold.csv', [
          'date,symbol,close',
          '2019-12-18,CPSEETF,3359.60',
          '2019-12-19,CPSEETF,33.55',
          '2019-12-20,CPSEETF,33.60',
        ]),
      ],
      by,
    )
    expect((await previewImport(sql, id)).jumps).toMatchObject([{ symbol: 'CPSEETF', day: '2019-12-19', ratio: 100 }])
    await expect(commit(sql, id, tester)).rejects.toThrow('look like splits')
    await decideJump(sql, id, { symbol: 'CPSEETF', day: '2019-12-19', ratio: 100 }, tester)
    await expect(decideJump(sql, id, { symbol: 'CPSEETF', day: '2019-12-19', ratio: 100 }, tester)).rejects.toThrow(
      'in the meantime',
    )
    await commit(sql, id, tester)
    const sector = (await currentMarket(sql)).sectors.find((one) => one.symbol === 'CPSEETF')!
    expect(sector.prices.get('2019-12-18') ?? null).toBeNull()
    expect(await closesOf('CPSEETF')).toContainEqual(['2019-12-18', 3359.6])
    await undo(sql, id, tester)
    expect(await sql`select from counted_splits()`).toHaveLength(0)
  })

  test('two admins who commit and undo at once leave one of the two, and one line each in the audit', async () => {
    const id = await readIntoImport(sql, [file('m.csv', ['date,symbol,close', '2026-11-20,AUTOBEES,20'])], by)
    await Promise.allSettled([1, 2, 3, 4].map(() => commit(sql, id, tester)))
    await Promise.allSettled([1, 2, 3, 4].map(() => undo(sql, id, tester)))
    const rows = await sql<
      { action: string }[]
    >`select action from audit where details ->> 'import' = ${String(id)} order by id`
    expect(rows.map((row) => row.action)).toEqual(['import.committed', 'import.undone'])
  })
})

describe('an import that somebody commits', () => {
  /** Commits while another transaction that has done `first` is still open, and answers what became of it. */
  async function commitBeside(id: number, first: (tx: Sql) => Promise<unknown>) {
    return sql.begin(async (tx) => {
      await first(tx as unknown as Sql)
      const outcome = commitImport(sql, id, tester, null)
      await untilLocked(sql)
      return { outcome }
    })
  }

  test('while it is dropped does not count without its prices', async () => {
    const id = await readIntoImport(sql, [file('d.csv', ['date,symbol,close', '2026-11-20,AUTOBEES,250'])], by)
    const { outcome } = await commitBeside(id, (tx) => dropImport(tx, id, tester))
    expect(await outcome).toBe('not-held')
    expect((await findImport(sql, id))!.status).toBe('dropped')
  })

  test('while what was decided about it is taken back waits for the next decision', async () => {
    const lines = ['date,symbol,close', '2026-11-19,AUTOBEES,250', '2026-11-20,AUTOBEES,25']
    const id = await readIntoImport(sql, [file('d.csv', lines)], by)
    const jump = { symbol: 'AUTOBEES', day: '2026-11-20' }
    await decideJump(sql, id, { ...jump, ratio: 10 }, tester)
    const { outcome } = await commitBeside(id, (tx) => deleteDecision(tx, id, jump, tester))
    expect(await outcome).toBe('undecided')
    expect((await findImport(sql, id))!.status).toBe('held')
    await dropImport(sql, id, tester)
  })
})

test('the sample fills an empty market, is known as one, and ends with the first real prices', async () => {
  const own = await freshDatabase()
  await notBefore('2026-11-28')(own.url)
  const fresh = connect(own.url, { max: 2 })
  try {
    expect(await seedSample(fresh, '2026-11-20')).toBe(true)
    expect(await seedSample(fresh, '2026-11-20')).toBe(false)
    const sample = await currentMarket(fresh)
    expect([sample.sample, sample.asOf, sample.sectors.length]).toEqual([true, '2026-11-19', 16])
    const answer = cachedAnalysis(sample, { step: 'week', at: null, tail: 6 })!
    expect(answer.sectors.every((one) => one.formula === 'B/2' && one.rank !== null)).toBe(true)
    expect(cachedAnalysis(sample, { step: 'week', at: null, tail: 6 })).toBe(answer)
    expect(new Set(answer.sectors.map((one) => one.quadrant)).size).toBe(4)

    const id = await readIntoImport(
      fresh,
      [file('real.csv', ['date,symbol,close', '2026-11-20,NIFTYBEES,290', '2026-11-20,ITBEES,41'])],
      by,
    )
    expect((await previewImport(fresh, id)).symbols).toMatchObject([
      { fresh: 1, changed: 0 },
      { fresh: 1, changed: 0 },
    ])
    await commit(fresh, id, tester)
    const real = await currentMarket(fresh)
    expect([real.sample, real.asOf, real.benchmark!.prices.size]).toEqual([false, '2026-11-20', 1])
  } finally {
    await fresh.end({ timeout: 2 })
    await own.drop()
  }
})

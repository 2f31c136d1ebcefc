import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hasRealPrices } from '../../src/market/feed/queries.ts'
import { commit, decideJump, previewImport, readIntoImport, undo } from '../../src/market/prices/imports/imports.ts'
import { dropImport, findImport, hasImports } from '../../src/market/prices/imports/queries.ts'
import { premiumsOf, readPremiums } from '../../src/market/prices/navs/premiums.ts'
import { marketAge } from '../../src/market/prices/queries.ts'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { findVersion } from '../../src/market/version/queries.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { freshDatabase } from '../support/database.ts'

let sql: Sql
let drop: () => Promise<void>
const folder = mkdtempSync(join(tmpdir(), 'etf-navs-'))
beforeAll(async () => {
  const database = await freshDatabase()
  sql = connect(database.url, { max: 4 })
  drop = database.drop
})
afterAll(async () => {
  await sql.end({ timeout: 2 })
  await drop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  await sql`truncate prices, navs, splits, real_jumps, imports restart identity cascade`
})

const tester = { actor: 'test', origin: null }
const importing = async (...files: [name: string, ...lines: string[]][]) => {
  const given = files.map(([name, ...lines], i) => {
    const path = join(folder, String(i))
    writeFileSync(path, lines.join('\n'))
    return { path, name }
  })
  return readIntoImport(sql, given, { origin: 'upload', actor: 'test' })
}
const prices = (...rows: string[]): [string, ...string[]] => ['prices.csv', 'date,symbol,close', ...rows]
const navs = (...rows: string[]): [string, ...string[]] => ['navs.csv', 'date,symbol,nav', ...rows]
const committed = async (...files: [string, ...string[]][]) => {
  const id = await importing(...files)
  await commit(sql, id, tester)
  return id
}
const premiums = async (symbol: string, until = '2026-11-27') =>
  (await readPremiums(sql, symbol, until)).map(({ day, percent }) => [day, Number(percent.toFixed(4))])

describe('the premium to NAV', () => {
  test('is by how many percent the close was above the NAV of the same day, on days with both, the newest first', async () => {
    await committed(
      prices('2026-11-18,BANKBEES,500', '2026-11-19,BANKBEES,505', '2026-11-20,BANKBEES,510'),
      navs('2026-11-17,BANKBEES,500', '2026-11-18,BANKBEES,400', '2026-11-20,BANKBEES,512.5'),
    )
    // 510 / 512.5 = 0.995122, 500 / 400 = 1.25
    expect(await premiums('BANKBEES')).toEqual([
      ['2026-11-20', -0.4878],
      ['2026-11-18', 25],
    ])
    expect(await premiums('BANKBEES', '2026-11-19')).toEqual([['2026-11-18', 25]])
    expect(await premiums('ITBEES')).toEqual([])
  })

  test('on either side of a split compares the close as it was traded with the NAV as it was filed', async () => {
    const id = await importing(
      prices('2026-11-18,ITBEES,400', '2026-11-19,ITBEES,41'),
      navs('2026-11-18,ITBEES,398', '2026-11-19,ITBEES,40'),
    )
    await decideJump(sql, id, { symbol: 'ITBEES', day: '2026-11-19', ratio: 10 }, tester)
    await commit(sql, id, tester)
    expect(await premiums('ITBEES')).toEqual([
      ['2026-11-19', 2.5],
      ['2026-11-18', 0.5025],
    ])
  })

  test('of a close that its file’s maker restated takes back the splits that this accounts for, and no later one', () => {
    const splits = [
      { day: '2026-11-19', ratio: 10 },
      { day: '2026-11-26', ratio: 2 },
    ]
    const row = {
      days: ['2026-11-20', '2026-11-18', '2026-11-17'],
      closes: [41, 40, 200],
      navs: [40, 400, 396],
      restatedAsOf: ['2026-11-20', '2026-11-20', '9999-12-31'],
    }
    // 41 as it is; 40 × 10; 200 × 20, for it accounts for both.
    expect(premiumsOf(row, splits).map(({ close, percent }) => [close, Number(percent.toFixed(4))])).toEqual([
      [41, 2.5],
      [400, 0],
      [4000, Number((100 * (4000 / 396 - 1)).toFixed(4))],
    ])
  })

  test('is told of the last twenty days', async () => {
    const days = Array.from({ length: 25 }, (_, i) => new Date(Date.UTC(2026, 9, 1 + i)).toISOString().slice(0, 10))
    const open = days.filter((day) => ![0, 6].includes(new Date(day).getUTCDay()))
    const more = ['2026-11-02', '2026-11-03', '2026-11-04', '2026-11-05', '2026-11-06', '2026-11-09']
    const all = [...open, ...more]
    await committed(
      prices(...all.map((day) => `${day},BANKBEES,500`)),
      navs(...all.map((day) => `${day},BANKBEES,500`)),
    )
    expect((await premiums('BANKBEES')).map(([day]) => day)).toEqual(all.slice(-20).reverse())
  })
})

describe('an import of NAVs', () => {
  test('says what is new, known and changed; the last one committed counts, and undone it never does', async () => {
    await committed(prices('2026-11-19,BANKBEES,505', '2026-11-20,BANKBEES,510'))
    const first = await committed(navs('2026-11-19,BANKBEES,500', '2026-11-20,BANKBEES,510'))
    const later = await importing(navs('2026-11-19,BANKBEES,500', '2026-11-20,BANKBEES,500', '2026-11-20,ITBEES,41'))
    const { symbols, navs: brought } = await previewImport(sql, later)
    expect([symbols, brought]).toMatchObject([
      [],
      [
        { symbol: 'BANKBEES', from: '2026-11-19', to: '2026-11-20', rows: 2, fresh: 0, same: 1, changed: 1 },
        { symbol: 'ITBEES', rows: 1, fresh: 1 },
      ],
    ])
    expect(await premiums('BANKBEES')).toEqual([
      ['2026-11-20', 0],
      ['2026-11-19', 1],
    ])
    await commit(sql, later, tester)
    expect((await premiums('BANKBEES'))[0]).toEqual(['2026-11-20', 2])
    await undo(sql, later, tester)
    expect((await premiums('BANKBEES'))[0]).toEqual(['2026-11-20', 0])
    await undo(sql, first, tester)
    expect(await premiums('BANKBEES')).toEqual([])
    const audit = await sql<{ action: string }[]>`
      select action from audit where details ->> 'import' = ${String(later)} order by id
    `
    expect(audit.map(({ action }) => action).slice(-2)).toEqual(['import.committed', 'import.undone'])
  })

  test('is held with a wrong line for a day that comes twice, in one file or in two', async () => {
    const twice = await importing(navs('2026-11-19,BANKBEES,500', '2026-11-19,BANKBEES,500'), [
      'more.csv',
      'date,symbol,nav',
      '2026-11-19,BANKBEES,501',
    ])
    const { problems, problemCount } = (await findImport(sql, twice))!
    expect(problemCount).toBe(2)
    expect(problems.map(({ sentence }) => sentence)).toEqual([
      'BANKBEES has a NAV for 2026-11-19 already, on line 2.',
      'BANKBEES has a NAV for 2026-11-19 already, in navs.csv, line 2.',
    ])
    await expect(commit(sql, twice, tester)).rejects.toThrow('Some lines of these files could not be read.')
    await dropImport(sql, twice, tester)
    expect((await sql`select from navs`).count).toBe(0)
  })

  test('of AMFI’s file says how many schemes are not followed; an instrument without an ISIN is not in it', async () => {
    await sql`update instruments set isin = null where symbol = 'ITBEES'`
    const id = await importing([
      'NAVAll.txt',
      'Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Net Asset Value;Date',
      'Open Ended Schemes(Other Scheme - Other ETFs)',
      '140084;INF204KB15I9;-;Nippon India ETF Nifty Bank BeES;505.25;20-Nov-2026',
      '148261;INF204KC1402;-;Nippon India ETF Nifty IT;41.5;20-Nov-2026',
    ])
    const { files, problemCount } = (await findImport(sql, id))!
    expect([problemCount, files]).toMatchObject([0, [{ navs: 1, prices: 0, passedOver: 1, skipped: 0 }]])
    expect((await previewImport(sql, id)).navs).toMatchObject([{ symbol: 'BANKBEES', rows: 1 }])
  })

  test('alone is no import of prices: it changes no version, asks about no jump, and the market stays without prices', async () => {
    const before = await findVersion(sql)
    const id = await importing(navs('2026-11-19,BANKBEES,500', '2026-11-20,BANKBEES,50'))
    expect((await previewImport(sql, id)).jumps).toEqual([])
    await commit(sql, id, tester)
    expect((await findVersion(sql)).version).toBe(before.version)
    expect([await hasImports(sql), await hasRealPrices(sql)]).toEqual([false, false])
    expect(await marketAge(sql)).toMatchObject({ asOf: null, sample: false })
    await undo(sql, id, tester)
    expect((await findVersion(sql)).version).toBe(before.version)
  })

  test('alone leaves the sample as it is, with its own NAVs, until real prices end it', async () => {
    await seedSample(sql, '2026-11-20')
    const own = await premiums('BANKBEES')
    expect(own).toHaveLength(20)
    for (const [, percent] of own) expect(Math.abs(percent as number)).toBeLessThanOrEqual(0.51)
    await committed(navs('2026-11-19,BANKBEES,50', '2026-11-20,BANKBEES,504.9'))
    expect(await marketAge(sql)).toMatchObject({ asOf: '2026-11-19', sample: true })
    expect(await premiums('BANKBEES')).toEqual(own)
    await committed(prices('2026-11-20,BANKBEES,510', '2026-11-20,NIFTYBEES,250'))
    expect(await marketAge(sql)).toMatchObject({ asOf: '2026-11-20', sample: false })
    expect(await premiums('BANKBEES')).toEqual([['2026-11-20', 1.0101]])
  })

  test('before any price does not keep a demo from its sample', async () => {
    await committed(navs('2026-11-19,BANKBEES,50'))
    expect(await seedSample(sql, '2026-11-20')).toBe(true)
    expect(await marketAge(sql)).toMatchObject({ asOf: '2026-11-19', sample: true })
  })

  test('goes with its instrument when that is renamed', async () => {
    await committed(prices('2026-11-20,BANKBEES,510'), navs('2026-11-20,BANKBEES,500'))
    await sql`update instruments set symbol = 'BANKNEW' where symbol = 'BANKBEES'`
    expect(await premiums('BANKNEW')).toEqual([['2026-11-20', 2]])
    await sql`update instruments set symbol = 'BANKBEES' where symbol = 'BANKNEW'`
  })
})

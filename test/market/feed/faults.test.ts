import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Exchange } from '../../../src/dev/exchange/exchange.ts'
import { listingOf } from '../../../src/dev/exchange/listing.ts'
import { daysAfter } from '../../../src/market/calendar/days.ts'
import { saveCalendar } from '../../../src/market/calendar/queries.ts'
import { readTradingCalendar } from '../../../src/market/calendar/trading-calendar.ts'
import { type Analysis, analyse } from '../../../src/market/engine/analysis.ts'
import { cachedAnalysis, currentMarket } from '../../../src/market/engine/market.ts'
import { listAlternatives } from '../../../src/market/instruments/alternatives/queries.ts'
import { listInstruments } from '../../../src/market/instruments/queries.ts'
import { decideJump } from '../../../src/market/prices/imports/imports.ts'
import { commitImport } from '../../../src/market/prices/imports/queries.ts'
import { answerQuestion } from '../../../src/market/prices/imports/questions.ts'
import { inventPrices, seedSample } from '../../../src/market/prices/sample-prices.ts'
import { exchangeAt } from '../../dev/exchange/market.ts'
import { startFeed, type TestFeed } from './fixture.ts'

/** A fresh demo at noon of Friday, 20 Nov 2026: its sample ends on Thursday. (Tuesday the 24th is a holiday.) */
const noon = '2026-11-20T12:00:00+05:30'
const by = { actor: 'test', origin: null }

let feed: TestFeed
let exchange: Exchange
beforeEach(async () => {
  feed = await startFeed(noon)
  expect(await seedSample(feed.sql, '2026-11-20')).toBe(true)
  exchange = await exchangeAt(noon, { listed: () => listingOf(feed.sql) })
})
afterEach(async () => {
  await exchange.close()
  await feed.close()
})

/** The site's clock and the exchange's stand at this moment, and the job runs. */
async function runAt(moment: string): Promise<string[]> {
  exchange.control.setTime(Date.parse(moment))
  await feed.setClock(moment)
  const { archiveUrls } = exchange
  const found = await feed.run({ source: 'archive', archiveUrls, invented: true })
  return found.map(({ about, state, sentence }) => [about, state, ...(sentence ? [sentence] : [])].join(' '))
}
const evening = (day: string) => runAt(`2026-${day}T20:00:00+05:30`)

/** What subscribers see, by day and by week. */
async function shown(): Promise<Analysis[]> {
  const market = await currentMarket(feed.sql)
  expect(market.sample).toBe(true)
  return (['day', 'week'] as const).map((step) => cachedAnalysis(market, { step, at: null, tail: 8 })!)
}

type Closes = [day: string, close: number][]

/**
 * What they should see: computed from invented prices up to a day, without import, files or feed; `as` says what one
 * instrument's closes became.
 */
async function right(
  lastDay: string,
  as: { symbol?: string; closes?: (all: Closes) => Closes } = {},
): Promise<Analysis[]> {
  const [found, calendar] = await Promise.all([listInstruments(feed.sql), readTradingCalendar(feed.sql)])
  // The exchange invents by the first symbol that an instrument had.
  const instruments = found.map((one) => ({ ...one, symbol: one.symbol.replace(/NEW$/, '') }))
  // The sample began four years before the day the demo was made; what comes later does not move its beginning.
  const [first] = inventPrices(instruments, '2026-11-20', calendar).get('NIFTYBEES')!.keys()
  const invented = inventPrices(instruments, daysAfter(lastDay, 1), calendar)
  const [later] = invented.get('NIFTYBEES')!.keys()
  const sample = inventPrices(instruments, later!, calendar)
  const pricesOf = (symbol: string) => {
    const all = [...sample.get(symbol)!, ...invented.get(symbol)!].filter(([day]) => day >= first!)
    return new Map(symbol === as.symbol ? as.closes!(all) : all)
  }
  const others = new Set((await listAlternatives(feed.sql)).map(({ symbol }) => symbol))
  const sectors = instruments.filter(
    ({ universe, shown, symbol }) => universe === 'sector' && shown && !others.has(symbol),
  )
  const present = new Map(found.map(({ symbol }) => [symbol.replace(/NEW$/, ''), symbol]))
  const priced = sectors.map(({ symbol, name }) => ({ symbol: present.get(symbol)!, name, prices: pricesOf(symbol) }))
  return (['day', 'week'] as const).map(
    (step) => analyse(pricesOf('NIFTYBEES'), priced, { step, at: null, tail: 8, calendar })!,
  )
}

const incidents = async () =>
  (await feed.sql<{ kind: string; isOpen: boolean }[]>`select kind, resolved_at is null as is_open from incidents`).map(
    ({ kind, isOpen }) => `${kind} ${isOpen ? 'open' : 'closed'}`,
  )

describe('a fresh demo, with nothing done by hand', () => {
  test('gets three trading days on their evenings, which are committed and move the ranks', async () => {
    const ranks = [] as string[]
    for (const [day, before] of [
      ['11-20', '2026-11-19'],
      ['11-23', '2026-11-20'],
      ['11-25', '2026-11-23'],
    ] as const) {
      expect(await runAt(`2026-${day}T17:59:00+05:30`)).toEqual([])
      expect(await shown()).toEqual(await right(before))
      expect(await evening(day)).toEqual([`2026-${day} committed`])
      const [daily] = await shown()
      expect(daily!.asOf).toBe(`2026-${day}`)
      expect(await shown()).toEqual(await right(`2026-${day}`))
      ranks.push(daily!.sectors.map(({ symbol }) => symbol).join())
      expect(await evening(day)).toEqual([])
    }
    expect(new Set(ranks).size).toBeGreaterThan(1)
    expect(await incidents()).toEqual([])
  })

  test('catches up ten trading days in one run after an outage', async () => {
    const days: string[] = []
    while (days.length < 10) days.push(await exchange.control.nextSession())
    expect(await runAt(`${days.at(-1)}T21:30:00+05:30`)).toEqual(days.map((day) => `${day} committed`))
    expect(await shown()).toEqual(await right(days.at(-1)!))
    expect(await incidents()).toEqual([])
  })
})

describe('of the faults of an exchange', () => {
  test('a late file is waited for, is an incident at nine, and counts when it is there', async () => {
    await exchange.control.fault('late')
    expect(await evening('11-20')).toEqual(['2026-11-20 waiting The archive has no file of this day yet.'])
    expect(await shown()).toEqual(await right('2026-11-19'))
    await runAt('2026-11-20T21:01:00+05:30')
    expect(await incidents()).toEqual(['prices-late open'])
    expect(await runAt('2026-11-20T22:31:00+05:30')).toEqual(['2026-11-20 committed'])
    expect(await shown()).toEqual(await right('2026-11-20'))
    expect(await incidents()).toEqual(['prices-late closed'])
  })

  test.each([
    ['blocked', /failed 127\.0\.0\.1:\d+ refuses us \(403\)/],
    ['truncated', /failed .*cannot be unpacked/],
    ['stale', /failed The file is of Thu, 19 Nov 2026, not of the day that was asked for/],
  ] as const)('a file that is %s counts for nothing, and the right one later does', async (fault, sentence) => {
    await exchange.control.fault(fault)
    expect((await evening('11-20')).join()).toMatch(sentence)
    expect(await shown()).toEqual(await right('2026-11-19'))
    expect((await runAt('2026-11-20T21:01:00+05:30')).join()).toMatch(sentence)
    expect(await incidents()).toEqual(['prices-late open'])
    exchange.control.clearFaults()
    expect(await runAt('2026-11-21T02:00:00+05:30')).toEqual(['2026-11-20 committed'])
    expect(await shown()).toEqual(await right('2026-11-20'))
    expect(await incidents()).toEqual(['prices-late closed'])
  })

  test('one missing symbol silences nobody: the others are right, and its own gap is bridged as the analysis does', async () => {
    await exchange.control.fault('missing', { symbol: 'ITBEES' })
    expect(await evening('11-20')).toEqual(['2026-11-20 committed'])
    const gap = { symbol: 'ITBEES', closes: (all: Closes) => all.filter(([day]) => day !== '2026-11-20') }
    expect(await shown()).toEqual(await right('2026-11-20', gap))
    expect(await feed.sql`select to_jsonb(missing) as missing from feed_days`).toEqual([{ missing: ['ITBEES'] }])
    expect(await evening('11-23')).toEqual(['2026-11-23 committed'])
    expect(await shown()).toEqual(await right('2026-11-23', gap))
  })

  test('a split overnight is held, those after it too, and decided once all of it counts as without a split', async () => {
    await exchange.control.fault('split', { symbol: 'ITBEES' })
    expect((await evening('11-20')).join()).toMatch(/^2026-11-20 held .*decision/)
    expect((await evening('11-23')).join()).toMatch(/^2026-11-23 held .*decision/)
    expect(await shown()).toEqual(await right('2026-11-19'))
    expect(await incidents()).toEqual(['prices-held open', 'prices-held open'])
    const [held] = await feed.sql<{ id: number }[]>`select id::int as id from imports where status = 'held' order by id`
    await decideJump(feed.sql, held!.id, { symbol: 'ITBEES', day: '2026-11-20', ratio: 10 }, by)
    expect(await commitImport(feed.sql, held!.id, by, null)).toBe('committed')
    await evening('11-23')
    // The exchange writes a tenth of the price in whole paise.
    const tenth = ([day, close]: Closes[number]): Closes[number] => [
      day,
      day < '2026-11-20' ? close / 10 : Number((close / 10).toFixed(2)),
    ]
    expect(await shown()).toEqual(await right('2026-11-23', { symbol: 'ITBEES', closes: (all) => all.map(tenth) }))
    expect(await incidents()).toEqual(['prices-held closed', 'prices-held closed'])
  })

  test('a new symbol of a known ISIN is asked about; the same instrument, its history goes on under the new one', async () => {
    await exchange.control.fault('renamed')
    expect((await evening('11-20')).join()).toMatch(/^2026-11-20 held .*decision/)
    expect((await evening('11-23')).join()).toMatch(/^2026-11-23 held .*decision/)
    expect(await shown()).toEqual(await right('2026-11-19'))
    const held = await feed.sql<{ id: number }[]>`select id::int as id from imports where status = 'held' order by id`
    const answer = { kind: 'rename', symbol: 'BANKBEES', seen: 'BANKBEESNEW', answer: 'same' }
    await answerQuestion(feed.sql, held[0]!.id, answer, by)
    expect(await commitImport(feed.sql, held[0]!.id, by, null)).toBe('committed')
    expect(await runAt('2026-11-23T20:30:00+05:30')).toEqual([`import ${held[1]!.id} committed`])
    expect(await feed.sql`select isin from instruments where symbol = 'BANKBEESNEW'`).toEqual([
      { isin: 'INF204KB15I9' },
    ])
    expect(await evening('11-25')).toEqual(['2026-11-25 committed'])
    expect(await shown()).toEqual(await right('2026-11-25'))
    expect(await incidents()).toEqual(['prices-held closed', 'prices-held closed'])
  })

  test('a special session that nobody entered is not asked for; entered, it is fetched and counts', async () => {
    await exchange.control.fault('session', { day: '2026-11-21' })
    await evening('11-20')
    expect(await evening('11-21')).toEqual([])
    expect(await shown()).toEqual(await right('2026-11-20'))
    await saveCalendar(feed.sql, { holidays: [], sessions: [{ day: '2026-11-21', name: 'A session' }] }, by)
    expect(await evening('11-21')).toEqual(['2026-11-21 committed'])
    expect(await shown()).toEqual(await right('2026-11-21'))
  })

  test('a holiday that nobody announced is waited for and reported, holds up no later day, and ends when it is entered', async () => {
    await exchange.control.fault('closed')
    await evening('11-20')
    await runAt('2026-11-20T21:01:00+05:30')
    expect(await incidents()).toEqual(['prices-late open'])
    expect(await shown()).toEqual(await right('2026-11-19'))
    expect((await evening('11-23')).join()).toContain('2026-11-23 committed')
    await saveCalendar(feed.sql, { holidays: [{ day: '2026-11-20', name: 'A holiday' }], sessions: [] }, by)
    await runAt('2026-11-23T20:30:00+05:30')
    expect(await shown()).toEqual(await right('2026-11-23'))
    expect(await incidents()).toEqual(['prices-late closed'])
  })
})

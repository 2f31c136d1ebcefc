import { strFromU8, unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Exchange } from '../../../src/dev/exchange/exchange.ts'
import type { FaultName } from '../../../src/dev/exchange/faults.ts'
import { companies, isinOf } from '../../../src/dev/exchange/listing.ts'
import { isIsin } from '../../../src/market/instruments/identifiers.ts'
import { inventPrices } from '../../../src/market/prices/sample-prices.ts'
import { ask, exchangeAt, listing } from './market.ts'

const friday = '2026-11-20'

let exchange: Exchange
beforeAll(async () => {
  exchange = await exchangeAt(`${friday}T20:00:00+05:30`)
})
afterAll(() => exchange.close())

const udiff = (day: string) => `/content/cm/BhavCopy_NSE_CM_0_0_0_${day.replaceAll('-', '')}_F_0000.csv.zip`
const fetchDay = (day: string) => ask(exchange.url + udiff(day))

/** The rows of a zipped file by symbol, each by its columns. */
async function rowsIn(answer: Response): Promise<Map<string, Record<string, string>>> {
  expect(answer.status).toBe(200)
  const [csv] = Object.values(unzipSync(new Uint8Array(await answer.arrayBuffer())))
  const [header = [], ...lines] = strFromU8(csv!)
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))
  for (const line of lines) expect(line).toHaveLength(header.length)
  const rows = lines.map((line) => Object.fromEntries(header.map((name, i) => [name, line[i]!])))
  return new Map(rows.map((row) => [row.TckrSymb ?? row.SYMBOL!, row]))
}

describe('a day’s file', () => {
  test('has our funds among a hundred others, with all columns, and closes that go on where the sample ends', async () => {
    const rows = await rowsIn(await fetchDay(friday))
    expect(rows.size).toBe(listing.etfs.length + companies.length)
    const sample = inventPrices(listing.etfs, '2026-11-21', listing.calendar)
    for (const { symbol, isin } of listing.etfs)
      expect(rows.get(symbol)).toMatchObject({
        TradDt: friday,
        Sgmt: 'CM',
        SctySrs: 'EQ',
        ISIN: isin,
        ClsPric: sample.get(symbol)!.get(friday)!.toFixed(2),
        PrvsClsgPric: sample.get(symbol)!.get('2026-11-19')!.toFixed(2),
      })
  })

  test('before 8 July 2024 is a legacy bhavcopy, and each kind is only where it belongs', async () => {
    const legacy = '/content/historical/EQUITIES/2024/JUL/cm05JUL2024bhav.csv.zip'
    const rows = await rowsIn(await ask(exchange.url + legacy))
    expect(rows.get('BANKBEES')).toMatchObject({
      SERIES: 'EQ',
      TIMESTAMP: '05-JUL-2024',
      ISIN: isinOf('INF', 'BANKBEES'),
    })
    expect((await fetchDay('2024-07-05')).status).toBe(404)
    expect((await fetchDay('2024-07-08')).status).toBe(200)
    expect((await ask(`${exchange.url}/content/historical/EQUITIES/2024/JUL/cm08JUL2024bhav.csv.zip`)).status).toBe(404)
  })

  test.each([
    ['on a holiday', '2026-10-02'],
    ['on a Saturday', '2026-11-14'],
    ['of the future', '2026-11-23'],
    ['of a day that does not exist', '2026-02-30'],
    ['from before its archive', '2015-12-31'],
  ])('%s does not exist', async (_when, day) => {
    expect((await fetchDay(day)).status).toBe(404)
  })

  test('of a Muhurat session on a Sunday does', async () => {
    expect((await rowsIn(await fetchDay('2026-11-08'))).get('ITBEES')!.PrvsClsgPric).toBe(
      (await rowsIn(await fetchDay('2026-11-06'))).get('ITBEES')!.ClsPric,
    )
  })

  test('appears some minutes past six in India, on the exchange’s own clock', async () => {
    const one = await exchangeAt('2026-11-23T17:59:50+05:30')
    try {
      const url = one.url + udiff('2026-11-23')
      expect((await ask(url)).status).toBe(404)
      expect(await one.control.nextSession()).toBe('2026-11-23')
      expect((await ask(url)).status).toBe(200)
      expect(await one.control.nextSession()).toBe('2026-11-24')
      expect((await one.control.state()).clock.now).toMatch(/^2026-11-24T18:0\d/)
    } finally {
      await one.close()
    }
  })

  test('is not shown to programs that do not look like a browser', async () => {
    const answer = await fetch(exchange.url + udiff(friday), { headers: { 'user-agent': 'node' } })
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('Access Denied')
  })
})

describe('the lists', () => {
  test('name the holidays of the year as the exchange writes them, and each fund with its ISIN', async () => {
    const holidays = (await (await ask(`${exchange.url}/api/holiday-master?type=trading`)).json()) as { CM: object[] }
    expect(holidays.CM).toMatchObject([
      { tradingDate: '02-Oct-2026', weekDay: 'Friday', description: 'Gandhi Jayanti' },
      { tradingDate: '10-Nov-2026', weekDay: 'Tuesday' },
    ])
    const list = await (await ask(`${exchange.url}/content/equities/eq_etfseclist.csv`)).text()
    expect(list).toContain(`BANKBEES,Nifty,BANKBEES ETF,08-Jan-15,1,${isinOf('INF', 'BANKBEES')},1\n`)
  })

  test('have ISINs whose check digits are right', () => {
    for (const symbol of ['NIFTYBEES', 'A', 'M&M', 'ZZZZZZZZZZ', ...companies.map((one) => one.symbol)])
      expect(isIsin(isinOf('INF', symbol)), symbol).toBe(true)
    expect(companies.every(({ isin }) => /^INE[0-9A-Z]{8}\d$/.test(isin))).toBe(true)
  })
})

describe('a fault of a day', () => {
  /** The exchange on an evening with this fault, and what it sends of that day. */
  async function withFault(name: FaultName, given: { day?: string; symbol?: string } = {}) {
    const one = await exchangeAt('2026-11-23T12:00:00+05:30')
    const fault = await one.control.fault(name, given)
    await one.control.setTime(Date.parse('2026-11-23T20:00:00+05:30'))
    return { one, fault, of: (day: string) => ask(one.url + udiff(day)), close: () => one.close() }
  }

  test('late: the file is there at half past ten, not before', async () => {
    const { one, of, close } = await withFault('late')
    expect((await of('2026-11-23')).status).toBe(404)
    one.control.setTime(Date.parse('2026-11-23T22:30:00+05:30'))
    expect((await of('2026-11-23')).status).toBe(200)
    await close()
  })

  test('blocked: a page instead of the file, for that day alone', async () => {
    const { of, close } = await withFault('blocked')
    const answer = await of('2026-11-23')
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('Access Denied')
    expect((await of(friday)).status).toBe(200)
    await close()
  })

  test('truncated: a zip that cannot be unpacked', async () => {
    const { of, close } = await withFault('truncated')
    const bytes = new Uint8Array(await (await of('2026-11-23')).arrayBuffer())
    expect(() => unzipSync(bytes)).toThrow()
    await close()
  })

  test('stale: the rows of the session before', async () => {
    const { of, close } = await withFault('stale')
    expect((await rowsIn(await of('2026-11-23'))).get('BANKBEES')!.TradDt).toBe(friday)
    await close()
  })

  test('missing: every row but one, on that day alone', async () => {
    const { one, of, close } = await withFault('missing', { symbol: 'ITBEES' })
    expect((await rowsIn(await of('2026-11-23'))).has('ITBEES')).toBe(false)
    await one.control.nextSession()
    expect((await rowsIn(await of('2026-11-24'))).has('ITBEES')).toBe(true)
    await close()
  })

  test('split: a tenth of the price from that day on', async () => {
    const { one, of, close } = await withFault('split', { symbol: 'ITBEES' })
    const [before, after] = [await rowsIn(await of(friday)), await rowsIn(await of('2026-11-23'))]
    const ratio = Number(before.get('ITBEES')!.ClsPric) / Number(after.get('ITBEES')!.ClsPric)
    expect(ratio).toBeGreaterThan(9.5)
    expect(ratio).toBeLessThan(10.5)
    await one.control.nextSession()
    const later = (await rowsIn(await of('2026-11-24'))).get('ITBEES')!
    expect(Number(later.PrvsClsgPric)).toBeCloseTo(Number(after.get('ITBEES')!.ClsPric), 1)
    await close()
  })

  test('renamed: the same ISIN and prices under a new symbol, from that day on', async () => {
    const { of, close } = await withFault('renamed')
    expect((await rowsIn(await of(friday))).has('BANKBEES')).toBe(true)
    const rows = await rowsIn(await of('2026-11-23'))
    expect(rows.has('BANKBEES')).toBe(false)
    expect(rows.get('BANKBEESNEW')!.ISIN).toBe(isinOf('INF', 'BANKBEES'))
    await close()
  })

  test('session: a file on a day that is closed', async () => {
    const { one, fault, of, close } = await withFault('session')
    expect(fault.day).toBe('2026-11-28')
    one.control.setTime(Date.parse('2026-11-28T20:00:00+05:30'))
    expect((await rowsIn(await of('2026-11-28'))).has('BANKBEES')).toBe(true)
    await close()
  })

  test('closed: no file ever, and the session before is two days back', async () => {
    const { one, of, close } = await withFault('closed')
    expect((await of('2026-11-23')).status).toBe(404)
    await one.control.nextSession()
    const rows = await rowsIn(await of('2026-11-24'))
    expect(rows.get('ITBEES')!.PrvsClsgPric).toBe((await rowsIn(await of(friday))).get('ITBEES')!.ClsPric)
    await close()
  })

  test('of a symbol that is not listed is refused', async () => {
    await expect(exchange.control.fault('split', { symbol: 'NOSUCH' })).rejects.toThrow(
      'There is no NOSUCH in its list.',
    )
  })
})

test('two funds more or less change no price of the others', async () => {
  const listed = async () => ({ ...listing, etfs: listing.etfs.slice(1, 2) })
  const alone = await exchangeAt(`${friday}T20:00:00+05:30`, { listed })
  const [few, many] = [await rowsIn(await ask(alone.url + udiff(friday))), await rowsIn(await fetchDay(friday))]
  expect(few.get('BANKBEES')).toEqual(many.get('BANKBEES'))
  await alone.close()
})

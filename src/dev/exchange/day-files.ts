import { strToU8, zipSync } from 'fflate'
import { type Day, yearOf } from '../../market/calendar/days.ts'
import { inventMarket, inventVolume } from '../../market/prices/sample-prices.ts'
import { type Fault, renamedTo, splitRatio } from './faults.ts'
import { companies, type Listing, type Security, seedOf } from './listing.ts'
import type { Sessions } from './sessions.ts'

/** From this day on files are UDiFF; before, legacy bhavcopies. */
export const firstUdiffDay: Day = '2024-07-08'

const udiffHeader =
  'TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4'
const legacyHeader = 'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,'

type Market = { listing: Listing; sessions: Sessions; faults: readonly Fault[] }

/** One day of a security, as a file of the exchange has it; money in rupees. */
type Traded = Security & { open: number; high: number; low: number; close: number; before: number; volume: number }

/** The zip of a day's file, with that day's faults in it. */
export function dayZip(day: Day, market: Market): Uint8Array {
  const { sessions } = market
  const shown = sessions.isOn('stale', day) ? sessions.next(day, -1) : day
  const rows = rowsOf(shown, market)
  const [header, line] = shown >= firstUdiffDay ? [udiffHeader, udiffLine] : [legacyHeader, legacyLine]
  const csv = `${[header, ...rows.map((row) => line(row, shown))].join('\n')}\n`
  const zip = zipSync({ [nameOf(shown)]: strToU8(csv) }, { mtime: new Date(sessions.publishedAt(shown)) })
  return sessions.isOn('truncated', day) ? zip.subarray(0, zip.length / 2) : zip
}

/** The name of the CSV file in a day's zip. */
function nameOf(day: Day): string {
  return day >= firstUdiffDay
    ? `BhavCopy_NSE_CM_0_0_0_${day.replaceAll('-', '')}_F_0000.csv`
    : `cm${namedDay(day).replaceAll('-', '').toUpperCase()}bhav.csv`
}

/** A day as the exchange writes it: 08-Jul-2024. */
export function namedDay(day: Day): string {
  const [year, , date] = day.split('-')
  return `${date}-${new Date(day).toLocaleString('en-US', { month: 'short', timeZone: 'UTC' })}-${year}`
}

function rowsOf(day: Day, { listing, sessions, faults }: Market): Traded[] {
  const before = sessions.next(day, -1)
  const etfs = listing.etfs
    .filter(({ walk }) => !faults.some((one) => one.name === 'missing' && one.symbol === walk && one.day === day))
    .map((etf) => {
      const { walk } = etf
      const units = (on: Day) =>
        faults.reduce(
          (n, one) => (one.name === 'split' && one.symbol === walk && one.day <= on ? n * splitRatio : n),
          1,
        )
      return traded(
        { ...etf, symbol: symbolOn(day, etf, faults) },
        day,
        closeOf(walk, day) / units(day),
        closeOf(walk, before) / units(before),
        units(day),
      )
    })
  const others = companies.map((one) => traded(one, day, closeOf(one.walk, day), closeOf(one.walk, before)))
  return [...etfs, ...others].sort((a, b) => (a.symbol < b.symbol ? -1 : 1))
}

/** Its symbol on a day: a renaming leads from its first symbol to the new one, which the product may know by now. */
function symbolOn(day: Day, { symbol, walk }: Security, faults: readonly Fault[]): string {
  const renaming = faults.find((one) => one.name === 'renamed' && one.symbol === walk)
  if (!renaming) return symbol
  return day >= renaming.day ? renamedTo(walk) : walk
}

function traded(security: Security, day: Day, close: number, before: number, units = 1): Traded {
  const [low, high] = [Math.min(close, before) * 0.996, Math.max(close, before) * 1.004]
  const volume = units * inventVolume(security.walk, day)
  return { ...security, open: before, high, low, close, before, volume }
}

function udiffLine(row: Traded, day: Day): string {
  const [open, high, low, close, before] = [row.open, row.high, row.low, row.close, row.before].map((n) => n.toFixed(2))
  const id = 1 + (seedOf(row.walk) % 30_000)
  const turnover = (row.volume * row.close).toFixed(2)
  const trades = Math.ceil(row.volume / 40)
  return `${day},${day},CM,NSE,STK,${id},${row.isin},${row.symbol},${row.series},,,,,${row.name.toUpperCase()},${open},${high},${low},${close},${close},${before},,${close},,,${row.volume},${turnover},${trades},F1,1,,,,,`
}

function legacyLine(row: Traded, day: Day): string {
  const [open, high, low, close, before] = [row.open, row.high, row.low, row.close, row.before].map((n) => n.toFixed(2))
  const turnover = (row.volume * row.close).toFixed(2)
  const trades = Math.ceil(row.volume / 40)
  return `${row.symbol},${row.series},${open},${high},${low},${close},${close},${before},${row.volume},${turnover},${namedDay(day).toUpperCase()},${trades},${row.isin},`
}

// Walks are kept, because each is computed from its first day on.
const walks = new Map<string, (day: Day) => number>()
let market: { until: Day; walkOf: ReturnType<typeof inventMarket> } | undefined

function closeOf(symbol: string, day: Day): number {
  if (!market || day > market.until) {
    const until = `${yearOf(day) + 1}-12-31`
    market = { until, walkOf: inventMarket(until) }
    walks.clear()
  }
  const walk = walks.get(symbol) ?? market.walkOf(symbol)
  walks.set(symbol, walk)
  return walk(day)
}

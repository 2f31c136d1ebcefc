import { strToU8, type Zippable, zipSync } from 'fflate'
import type { Day } from '../../src/market/calendar/days.ts'
import { closeAsOf, pick, type World } from './price-world.ts'

/** Rows of the world that come in files together: these days of these symbols. */
export type Rows = readonly { symbol: string; day: Day }[]
type File = { name: string; bytes: Uint8Array }

/** How a source writes rows down. Those of one symbol a file write as many files as there are symbols. */
export const formats = ['udiff', 'legacy', 'full', 'long', 'yahoo', 'stooq-bulk'] as const
export type FormatName = (typeof formats)[number]

/** Whether a format's prices account for the splits up to their file's last day. */
export function isRestated(format: FormatName): boolean {
  return format === 'yahoo' || format === 'stooq-bulk'
}

/** The files of these rows, in random order and with what different senders make of a text file. */
export function filesOf(random: () => number, world: World, rows: Rows, format: FormatName, name: string): File[] {
  const shuffled = rows.toSorted(() => random() - 0.5)
  const text = (lines: readonly string[]) =>
    strToU8((random() < 0.3 ? '\ufeff' : '') + lines.join(random() < 0.5 ? '\n' : '\r\n'))
  const perSymbol = Map.groupBy(shuffled, (row) => row.symbol)
  if (format === 'yahoo')
    return [...perSymbol].map(([symbol, own]) => ({ name: `${symbol}.NS.csv`, bytes: text(yahoo(world, own)) }))
  if (format === 'long') return [{ name: `${name}.csv`, bytes: text(long(world, shuffled)) }]
  if (format === 'stooq-bulk') return [{ name: `${name}.csv`, bytes: text(stooqBulk(world, shuffled)) }]
  const days: Zippable = {}
  for (const [day, own] of Map.groupBy(shuffled, (row) => row.day)) {
    const lines = bhavcopy[format](
      world,
      day,
      [...own.map((row) => row.symbol), 'STRANGER'].toSorted(() => random() - 0.5),
    )
    days[`${pick(random, ['', 'in/a/folder/'])}${format}-${day}.csv`] = text(lines)
  }
  return [{ name: `${name}.zip`, bytes: zipSync(days, { level: 1 }) }]
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const named = (day: Day) => `${day.slice(8)}-${months[Number(day.slice(5, 7)) - 1]}-${day.slice(0, 4)}`
export const lastOf = (rows: Rows) =>
  rows
    .map(({ day }) => day)
    .sort()
    .at(-1)!
/** Every digit, and never an exponent. */
const digits = (close: number) => close.toFixed(12)
const traded = (world: World, symbol: string, day: Day) =>
  digits(world.clean.has(symbol) ? closeAsOf(world, symbol, day, day) : 77)

/** Bhavcopies as the exchange writes them: prices as they were traded, its other securities among them. */
const bhavcopy = {
  udiff: (world: World, day: Day, symbols: readonly string[]) => [
    'TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4',
    ...symbols.map((symbol) => {
      const close = traded(world, symbol, day)
      return `${day},${day},CM,NSE,STK,1,,${symbol},EQ,,,,,NAME,${close},${close},${close},${close},${close},1,,${close},,,9,9,9,F1,1,,,,,`
    }),
  ],
  legacy: (world: World, day: Day, symbols: readonly string[]) => [
    'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,',
    ...symbols.map((symbol) => `${symbol},EQ,1,1,1,${traded(world, symbol, day)},1,1,9,9,${named(day)},9,,`),
  ],
  full: (world: World, day: Day, symbols: readonly string[]) => [
    'SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE, TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER',
    ...symbols.map(
      (symbol) => `${symbol}, EQ, ${named(day)}, 1, 1, 1, 1, 1, ${traded(world, symbol, day)}, 1, 9, 9, 9, 9, 9`,
    ),
  ],
}

function long(world: World, rows: Rows): string[] {
  return ['date,symbol,close', ...rows.map(({ symbol, day }) => `${day},${symbol},${traded(world, symbol, day)}`)]
}

/** Restated for splits as of its last day; the column of dividends (Adj Close) is something else altogether. */
function yahoo(world: World, rows: Rows): string[] {
  const asOf = lastOf(rows)
  return [
    'Date,Open,High,Low,Close,Adj Close,Volume',
    ...rows.map(({ symbol, day }) => `${day},1,1,1,${digits(closeAsOf(world, symbol, day, asOf))},0.5,9`),
  ]
}

function stooqBulk(world: World, rows: Rows): string[] {
  const asOf = lastOf(rows)
  return [
    '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>',
    ...rows.map(({ symbol, day }) => {
      const close = digits(closeAsOf(world, symbol, day, asOf))
      return `${symbol},D,${day.replaceAll('-', '')},000000,1,1,1,${close},9,0`
    }),
  ]
}

import { strToU8, type Zippable, zipSync } from 'fflate'
import type { Day } from '../../src/market/calendar/days.ts'
import { closeAsOf, isinOn, pick, symbolOn, type Truth } from './price-truth.ts'

/** What comes in files together: these days of these symbols. */
export type Rows = readonly { symbol: string; day: Day }[]
type File = { name: string; bytes: Uint8Array }

/**
 * How a source writes rows down; those of one symbol a file write as many files as there are symbols. The last two do not say
 * whether their prices account for splits: their makers decide it, and whoever imports them is asked.
 */
export const formats = [
  'udiff',
  'legacy',
  'full',
  'long',
  'yahoo',
  'stooq',
  'stooq-bulk',
  'ohlc',
  'long-unknown',
] as const
export type FormatName = (typeof formats)[number]
/** Those that have the ISIN, by which an instrument is found under a name that nobody has heard of. */
export const withIsin = ['udiff', 'legacy'] as const

/** Rows as they come: `restated`, where the format leaves it open. */
export type Piece = { rows: Rows; format: FormatName; restated: boolean; name: string }

/** The files of these rows, in random order and with what different senders make of a text file. */
export function filesOf(random: () => number, truth: Truth, { rows, format, restated, name }: Piece): File[] {
  const shuffled = rows.toSorted(() => random() - 0.5)
  const text = (lines: readonly string[]) =>
    strToU8((random() < 0.3 ? '\ufeff' : '') + lines.join(random() < 0.5 ? '\n' : '\r\n'))
  const perSymbol = Map.groupBy(shuffled, (row) => row.symbol)
  const single = (
    nameOf: (symbol: string) => string,
    header: string,
    line: (day: Day, close: string) => string,
    isRestated = true,
  ) =>
    [...perSymbol].map(([symbol, own]) => {
      const asOf = lastOf(own)
      const lines = own.map((row) => line(row.day, written(truth, row, isRestated ? asOf : row.day)))
      return { name: nameOf(symbolOn(truth, symbol, asOf)), bytes: text([header, ...lines]) }
    })
  const together = (header: string, line: (symbol: string, day: Day, close: string) => string, isRestated: boolean) => {
    const last = lastOf(rows)
    const lines = shuffled.map((row) => {
      const asOf = isRestated ? last : row.day
      return line(symbolOn(truth, row.symbol, asOf), row.day, written(truth, row, asOf))
    })
    return [{ name: `${name}.csv`, bytes: text([header, ...lines]) }]
  }
  if (format === 'yahoo')
    return single(
      (symbol) => `${symbol}.NS.csv`,
      'Date,Open,High,Low,Close,Adj Close,Volume',
      (day, close) => `${day},1,1,1,${close},0.5,9`,
    )
  if (format === 'stooq')
    return single(
      (symbol) => `${symbol.toLowerCase()}_in_d.csv`,
      'Date,Open,High,Low,Close,Volume',
      (day, close) => `${day},1,1,1,${close},9`,
    )
  if (format === 'ohlc')
    return single(
      (symbol) => `${symbol}.csv`,
      'Date,Open,High,Low,Close',
      (day, close) => `${day},1,1,1,${close}`,
      restated,
    )
  if (format === 'long')
    return together('date,symbol,close', (symbol, day, close) => `${day},${symbol},${close}`, false)
  if (format === 'long-unknown')
    return together('Date,Symbol,Close,Adj Close', (symbol, day, close) => `${day},${symbol},${close},0.5`, restated)
  if (format === 'stooq-bulk')
    return together(
      '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>',
      (symbol, day, close) => `${symbol},D,${day.replaceAll('-', '')},000000,1,1,1,${close},9,0`,
      true,
    )
  const days: Zippable = {}
  for (const [day, own] of Map.groupBy(shuffled, (row) => row.day)) {
    const lines = bhavcopy[format](
      day,
      [...own.map((row) => listed(truth, row)), stranger].toSorted(() => random() - 0.5),
    )
    days[`${pick(random, ['', 'in/a/folder/'])}${format}-${day}.csv`] = text(lines)
  }
  return [{ name: `${name}.zip`, bytes: zipSync(days, { level: 1 }) }]
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const named = (day: Day) => `${day.slice(8)}-${months[Number(day.slice(5, 7)) - 1]}-${day.slice(0, 4)}`
const lastOf = (rows: Rows) =>
  rows
    .map(({ day }) => day)
    .sort()
    .at(-1)!

/** A close with every digit, and never an exponent. */
function written(truth: Truth, { symbol, day }: Rows[number], asOf: Day): string {
  return closeAsOf(truth, symbol, day, asOf).toFixed(12)
}

/** A security in a file of its day. */
type Listed = { symbol: string; isin: string; close: string }
const stranger: Listed = { symbol: 'STRANGER', isin: 'INE000A01010', close: '77' }

function listed(truth: Truth, row: Rows[number]): Listed {
  const { symbol, day } = row
  return { symbol: symbolOn(truth, symbol, day), isin: isinOn(truth, symbol, day), close: written(truth, row, day) }
}

/** Bhavcopies as the exchange writes them: prices as they were traded, its other securities among them. */
const bhavcopy = {
  udiff: (day: Day, all: readonly Listed[]) => [
    'TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,FinInstrmNm,OpnPric,ClsPric,LastPric,Rmks',
    ...all.map(({ symbol, isin, close }) => `${day},${day},CM,NSE,STK,1,${isin},${symbol},EQ,NAME,1,${close},1,`),
  ],
  legacy: (day: Day, all: readonly Listed[]) => [
    'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,',
    ...all.map(({ symbol, isin, close }) => `${symbol},EQ,1,1,1,${close},1,1,9,9,${named(day)},9,${isin},`),
  ],
  full: (day: Day, all: readonly Listed[]) => [
    'SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE',
    ...all.map(({ symbol, close }) => `${symbol}, EQ, ${named(day)}, 1, 1, 1, 1, 1, ${close}, 1`),
  ],
}

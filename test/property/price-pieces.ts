import { strToU8, type Zippable, zipSync } from 'fflate'
import type { Day } from '../../src/market/calendar/days.ts'
import { closeAsOf, pick, type World } from './price-world.ts'

/** Rows of the world that come in files together: these days of these symbols. */
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
  'long-adjusted',
] as const
export type FormatName = (typeof formats)[number]

/** Rows as they come: `restated`, where the format leaves it open. */
export type Piece = { rows: Rows; format: FormatName; restated: boolean; name: string }

/** The files of these rows, in random order and with what different senders make of a text file. */
export function filesOf(random: () => number, world: World, { rows, format, restated, name }: Piece): File[] {
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
      const rowsOf = own.map(({ day }) => line(day, written(world, { symbol, day }, isRestated ? lastOf(own) : day)))
      return { name: nameOf(symbol), bytes: text([header, ...rowsOf]) }
    })
  const together = (header: string, line: (symbol: string, day: Day, close: string) => string, isRestated: boolean) => {
    const asOf = lastOf(rows)
    const lines = shuffled.map((row) => line(row.symbol, row.day, written(world, row, isRestated ? asOf : row.day)))
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
  if (format === 'long-adjusted')
    return together('date,symbol,close,adj_close', (symbol, day, close) => `${day},${symbol},${close},0.5`, restated)
  if (format === 'stooq-bulk')
    return together(
      '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>',
      (symbol, day, close) => `${symbol},D,${day.replaceAll('-', '')},000000,1,1,1,${close},9,0`,
      true,
    )
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
const lastOf = (rows: Rows) =>
  rows
    .map(({ day }) => day)
    .sort()
    .at(-1)!

/** A close with every digit, and never an exponent. */
function written(world: World, { symbol, day }: Rows[number], asOf: Day): string {
  return (world.clean.has(symbol) ? closeAsOf(world, symbol, day, asOf) : 77).toFixed(12)
}

/** Bhavcopies as the exchange writes them: prices as they were traded, its other securities among them. */
const bhavcopy = {
  udiff: (world: World, day: Day, symbols: readonly string[]) => [
    'TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4',
    ...symbols.map((symbol) => {
      const close = written(world, { symbol, day }, day)
      return `${day},${day},CM,NSE,STK,1,,${symbol},EQ,,,,,NAME,${close},${close},${close},${close},${close},1,,${close},,,9,9,9,F1,1,,,,,`
    }),
  ],
  legacy: (world: World, day: Day, symbols: readonly string[]) => [
    'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,',
    ...symbols.map((symbol) => `${symbol},EQ,1,1,1,${written(world, { symbol, day }, day)},1,1,9,9,${named(day)},9,,`),
  ],
  full: (world: World, day: Day, symbols: readonly string[]) => [
    'SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE, TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER',
    ...symbols.map(
      (symbol) =>
        `${symbol}, EQ, ${named(day)}, 1, 1, 1, 1, 1, ${written(world, { symbol, day }, day)}, 1, 9, 9, 9, 9, 9`,
    ),
  ],
}

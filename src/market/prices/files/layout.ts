import { basename } from 'node:path'
import { normalised } from '../../files/csv-files.ts'
import { Unreadable } from '../../files/unreadable.ts'
import { isEtfList } from '../../instruments/etf-list/etf-list.ts'
import { symbolIn } from '../../instruments/identifiers.ts'
import { type Format, formatOf, strangerOf, yfinanceFormat } from './formats.ts'

/** Where a file has what, by place in a row; -1 for a column it has not. */
export type Layout = {
  format: Format
  day: number
  symbol: number
  isin: number
  series: number
  /** One for a price in each row; `name` null where the row has its symbol. */
  closes: readonly ClosePlace[]
  /** Columns of the format's `only` that the file has. */
  only: readonly { at: number; column: string; value: string }[]
}

/** Where a close is, and what was traded at it; `unit`: how many rupees the turnover's unit is. */
export type ClosePlace = {
  at: number
  name: string | null
  symbol: string | null
  volume: number
  turnover: number
  unit: number
}

/**
 * What the first lines of a file say about the rest; null when one more line is needed. Throws Unreadable for a header that no
 * format has, and for a file that is named by no symbol and has none.
 */
export function layoutOf(lines: readonly string[][], file: string): Layout | null {
  const header = normalised(lines[0]!)
  if (lines.length === 1) {
    const stranger = isEtfList(header) ? etfList : strangerOf(header)
    if (stranger) throw new Unreadable(stranger)
    const stem = stemOf(file)
    const format = formatOf(header, stem)
    if (format) return placesOf(format, header, stem)
  }
  if (!levels.includes(header[0]!)) throw unknownHeader(header)
  return lines.length < 3 ? null : wideLayout(lines.map(normalised))
}

const separators = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'vertical bars'],
] as const

/** The refusal of a header that no format has. */
export function unknownHeader(header: readonly string[]): Unreadable {
  const separator = separators.find(([sign]) => header.some((cell) => cell.split(sign).length > 2))
  if (separator)
    return new Unreadable(`Its columns are separated by ${separator[1]}. Save it as CSV, with commas in between.`)
  return new Unreadable(`No format has these columns: ${header.slice(0, 8).join(', ').slice(0, 120)}.`)
}

function placesOf(format: Format, header: string[], stem: string): Layout {
  const name = format.symbol === null ? nameIn(stem) : null
  const symbol = name === null ? null : checkedSymbol(name)
  if (name !== null && symbol === null)
    throw new Unreadable(
      'This format has no symbol column, so the file must be called by its symbol, like BANKBEES.NS.csv.',
    )
  return {
    format,
    day: header.indexOf(format.day),
    symbol: format.symbol === null ? -1 : header.indexOf(format.symbol),
    isin: header.indexOf('ISIN'),
    series: format.series ? header.indexOf(format.series.column) : -1,
    closes: [{ at: header.indexOf(format.close), name, symbol, ...tradedIn(format, header) }],
    only: Object.entries(format.only)
      .map(([column, value]) => ({ at: header.indexOf(column), column, value }))
      .filter(({ at }) => at >= 0),
  }
}

/** Where a header has what was traded. */
function tradedIn(format: Format, header: readonly string[]): Pick<ClosePlace, 'volume' | 'turnover' | 'unit'> {
  const [column, unit] = Object.entries(format.turnover).find(([name]) => header.includes(name)) ?? ['', 1]
  return { volume: header.indexOf(format.volume), turnover: header.indexOf(column), unit }
}

/** How pandas calls the levels of a header of several lines; older versions leave them out. */
const levels = ['PRICE', 'TICKER', 'ATTRIBUTES', 'SYMBOLS', '']

/** yfinance's header: a line of Close, High…, a line of tickers (these two in either order), and a line with only Date. */
function wideLayout([one = [], two = [], three = []]: string[][]): Layout {
  const [fields, tickers] = one.includes('CLOSE') ? [one, two] : [two, one]
  if (!levels.includes(two[0]!) || !three[0]?.startsWith('DATE') || !fields.includes('CLOSE')) throw unknownHeader(one)
  const closes = fields.flatMap((field, at) => {
    const name = tickers[at] ?? ''
    if (field !== 'CLOSE') return []
    const volume = fields.findIndex((other, place) => other === 'VOLUME' && (tickers[place] ?? '') === name)
    return [{ at, name, symbol: checkedSymbol(name), volume, turnover: -1, unit: 1 }]
  })
  return {
    format: yfinanceFormat(fields.includes('ADJ CLOSE')),
    day: 0,
    symbol: -1,
    isin: -1,
    series: -1,
    closes,
    only: [],
  }
}

/** The symbol in a name. Throws Unreadable for a name of BSE. */
function checkedSymbol(name: string): string | null {
  if (isOtherExchange(name)) throw new Unreadable(otherExchangeSentence(name))
  return symbolIn(name)
}

/** Whether Yahoo calls an instrument so at BSE, whose prices are others. */
export function isOtherExchange(name: string): boolean {
  return /\.BO$/i.test(name)
}

/** Why a name of BSE is not read. */
export function otherExchangeSentence(name: string): string {
  const symbol = name.slice(0, 30).toUpperCase()
  return `${symbol} is a price of BSE, another exchange. ETFs are ranked by NSE’s prices: ${symbol.replace(/BO$/, 'NS')}.`
}

/** "BANKBEES.NS" of "prices.zip › BANKBEES.NS (2).csv". */
function stemOf(file: string): string {
  return basename(file.split(' › ').at(-1)!)
    .replace(/\.(csv|txt)$/i, '')
    .replace(/\s*\(\d+\)$/, '')
}

/** The symbol's part of a file's name: NSE's and Stooq's downloads add more to it. */
function nameIn(stem: string): string {
  const quote = /^Quote-Equity-(.+)-[A-Z0-9]{2,3}-\d{2}-\d{2}-\d{4}-(?:to-)?\d{2}-\d{2}-\d{4}$/i.exec(stem)
  return quote?.[1] ?? stem.replace(/_in_d$/i, '')
}

const etfList = 'This is NSE’s list of ETFs; it holds no prices. It is read under Instruments.'

import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { type Day, dayIn } from '../../calendar/days.ts'
import { csvProblem, normalised, openFiles, type Problem, rowsOf, webPage } from '../../files/csv-files.ts'
import { isEtfList } from '../../instruments/etf-list/etf-list.ts'
import { symbolIn } from '../../instruments/identifiers.ts'
import { type Format, formatOf } from './formats.ts'

/** What a row calls its instrument. Null where the file has no such column; a file about one symbol is called by it. */
export type Seen = { symbol: string | null; isin: string | null }

/** One closing price, and its line in the file. `symbol` is the instrument's, `seen` what the file calls it. */
type PriceLine = { line: number; symbol: string; day: Day; close: number; seen: Seen }

/**
 * What is found in a file, in its order: its format, then prices and problems, then its end. A file that cannot be read at all
 * is `refused`, and has no prices. `lastDay`: of the file's prices; null when it has none. `skipped`: days without a price.
 */
export type Found =
  | { kind: 'format'; file: string; format: Format }
  | { kind: 'price'; file: string; price: PriceLine }
  | { kind: 'problem'; problem: Problem }
  | { kind: 'refused'; file: string; sentence: string }
  | { kind: 'end'; file: string; lastDay: Day | null; skipped: number }

/** What a reader has to know: which rows are ours (null: none of our instruments), today in India, and when the exchange is open. */
export type Reading = {
  match: (seen: Seen & { day: Day }) => string | null
  today: Day
  isOpen: (day: Day) => boolean
}

/**
 * Reads a CSV file, or every CSV file in a zip, row by row: memory does not grow with the file. `name` is the file's name
 * as its sender called it; formats of one symbol take the symbol from it.
 * Never throws for what is in the file: each wrong line is a problem, each unreadable file is refused.
 */
export async function* readPriceFile(path: string, name: string, reading: Reading): AsyncGenerator<Found> {
  for await (const one of openFiles(path, name))
    if (one.source) yield* readCsv(one.source, one.file, reading)
    else yield { kind: 'refused', file: one.file, sentence: one.sentence }
}

async function* readCsv(source: Readable, file: string, reading: Reading): AsyncGenerator<Found> {
  let columns: Columns | undefined
  let rowsOfOurs = 0
  let lastDay: Day | null = null
  try {
    for await (const { record, info } of rowsOf(source)) {
      if (!columns) {
        const header = normalised(record)
        const format = formatOf(header)
        if (!format) return yield refused(file, unknownHeader(header))
        columns = columnsOf(format, header, file)
        if (format.symbol === null && !isOurs(columns.named, reading))
          return yield refused(file, unnamed(columns.named))
        yield { kind: 'format', file, format }
        continue
      }
      const found = priceOn(record, info.lines, columns, reading)
      if (found) rowsOfOurs++
      if (typeof found === 'string') yield problem(file, info.lines, found)
      else if (found) {
        if (lastDay === null || found.day > lastDay) lastDay = found.day
        yield { kind: 'price', file, price: found }
      }
    }
    if (!columns) yield refused(file, 'This file is empty.')
    else if (rowsOfOurs === 0) yield refused(file, 'There is no price of an instrument we follow in this file.')
    else yield { kind: 'end', file, lastDay, skipped: 0 }
  } catch (error) {
    const { line, sentence } = csvProblem(error)
    yield problem(file, line, sentence)
  }
}

type Columns = {
  format: Format
  day: number
  close: number
  symbol: number
  series: number
  isin: number
  named: string | null
}

function columnsOf(format: Format, header: string[], file: string): Columns {
  const at = (name: string | null) => (name === null ? -1 : header.indexOf(name))
  const stem = basename(file.split(' › ').at(-1)!)
    .replace(/\.csv$/i, '')
    .replace(/\s*\(\d+\)$/, '')
  return {
    format,
    day: at(format.day),
    close: at(format.close),
    symbol: at(format.symbol),
    series: at(format.series),
    isin: at('ISIN'),
    named: format.symbol === null ? symbolIn(stem) : null,
  }
}

/** The price on a row; undefined for rows that are not ours; a sentence for what is wrong. */
function priceOn(
  record: string[],
  line: number,
  columns: Columns,
  { match, today, isOpen }: Reading,
): PriceLine | string | undefined {
  const cell = (at: number) => record[at] ?? ''
  if (columns.series >= 0 && cell(columns.series) !== 'EQ') return undefined
  // Yahoo writes a row of nulls for a day without trading.
  if (columns.format.name === 'yahoo' && cell(columns.close) === 'null') return undefined
  const day = dayIn(cell(columns.day))
  const isin = columns.isin < 0 ? null : cell(columns.isin) || null
  const seen = { symbol: columns.named ?? symbolIn(cell(columns.symbol)), isin }
  const symbol = match({ ...seen, day: day ?? today })
  if (symbol === null)
    return columns.format.wholeMarket
      ? undefined
      : `“${cell(columns.symbol).slice(0, 30)}” is not an instrument we follow. Add it first, or leave its rows out.`
  if (day === null) return `“${cell(columns.day).slice(0, 30)}” is not a date like 2026-11-20 or 20-Nov-2026.`
  if (day > today) return `${day} has not come yet.`
  if (isWeekend(day) && !isOpen(day)) return `${day} is at a weekend, and the calendar has no session on it.`
  const close = priceIn(cell(columns.close))
  if (close === null) return `“${cell(columns.close).slice(0, 30)}” is not a closing price.`
  return { line, symbol, day, close, seen }
}

function isOurs(symbol: string | null, { match, today }: Reading): boolean {
  return symbol !== null && match({ symbol, isin: null, day: today }) !== null
}

function isWeekend(day: Day): boolean {
  return [0, 6].includes(new Date(day).getUTCDay())
}

/** A price cell: "1,23,456.70", "33.55". Null for anything that is not a price above zero. */
export function priceIn(cell: string): number | null {
  const text = cell.trim().replace(/^₹\s*/, '')
  if (!/^(\d+|\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3})(\.\d+)?$/.test(text)) return null
  const price = Number(text.replaceAll(',', ''))
  return Number.isFinite(price) && price > 0 ? price : null
}

function unknownHeader(header: string[]): string {
  if (isEtfList(header)) return 'This is NSE’s list of ETFs; it holds no prices. It is read under Instruments.'
  return webPage(header) ?? `No format has these columns: ${header.slice(0, 8).join(', ').slice(0, 120)}.`
}

function unnamed(symbol: string | null): string {
  return symbol === null
    ? 'This format has no symbol column, so the file must be called by its symbol, like BANKBEES.NS.csv.'
    : `The file is called ${symbol}, which is not an instrument we follow. Add it first, or correct the file’s name.`
}

// Quotes of a binary file may contain NUL, which PostgreSQL does not store.
function problem(file: string, line: number | null, sentence: string): Found {
  return { kind: 'problem', problem: { file, line, sentence: sentence.replaceAll('\0', '') } }
}

function refused(file: string, sentence: string): Found {
  return { kind: 'refused', file, sentence: sentence.replaceAll('\0', '') }
}

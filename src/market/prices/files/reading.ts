import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { type Day, dayIn } from '../../calendar/days.ts'
import { csvProblem, normalised, openFiles, type Problem, rowsOf, webPage } from '../../files/csv-files.ts'
import { isEtfList } from '../../instruments/etf-list/etf-list.ts'
import { symbolIn } from '../../instruments/identifiers.ts'
import { type Format, formatOf } from './formats.ts'

/** One closing price, and its line in the file. */
type PriceLine = { line: number; symbol: string; day: Day; close: number }

/** What is found in a file, in its order: first its format, then prices and problems. */
export type Found =
  | { kind: 'format'; file: string; format: Format }
  | { kind: 'price'; file: string; price: PriceLine }
  | { kind: 'problem'; problem: Problem }

/**
 * Reads a CSV file, or every CSV file in a zip, row by row: memory does not grow with the file. `name` is the file's name
 * as its sender called it; formats of one symbol take the symbol from it. `follows`: which symbols are ours.
 * Never throws for what is in the file; each thing wrong is a problem with its line.
 */
export async function* readPriceFile(
  path: string,
  name: string,
  follows: (symbol: string) => boolean,
): AsyncGenerator<Found> {
  for await (const one of openFiles(path, name))
    if (one.source) yield* readCsv(one.source, one.file, follows)
    else yield problem(one.file, null, one.sentence)
}

async function* readCsv(source: Readable, file: string, follows: (symbol: string) => boolean): AsyncGenerator<Found> {
  let columns: Columns | undefined
  let rowsOfOurs = 0
  try {
    for await (const { record, info } of rowsOf(source)) {
      if (!columns) {
        const header = normalised(record)
        const format = formatOf(header)
        if (!format) return yield problem(file, 1, unknownHeader(header))
        columns = columnsOf(format, header, file)
        if (format.symbol === null && (columns.named === null || !follows(columns.named)))
          return yield problem(file, null, unnamed(columns.named))
        yield { kind: 'format', file, format }
        continue
      }
      const found = priceOn(record, info.lines, columns, follows)
      if (found) rowsOfOurs++
      if (typeof found === 'string') yield problem(file, info.lines, found)
      else if (found) yield { kind: 'price', file, price: found }
    }
    if (!columns) yield problem(file, null, 'This file is empty.')
    else if (rowsOfOurs === 0) yield problem(file, null, 'There is no price of an instrument we follow in this file.')
  } catch (error) {
    const { line, sentence } = csvProblem(error)
    yield problem(file, line, sentence)
  }
}

type Columns = { format: Format; day: number; close: number; symbol: number; series: number; named: string | null }

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
    named: format.symbol === null ? symbolIn(stem) : null,
  }
}

/** The price on a row; undefined for rows that are not ours; a sentence for what is wrong. */
function priceOn(
  record: string[],
  line: number,
  columns: Columns,
  follows: (symbol: string) => boolean,
): PriceLine | string | undefined {
  const cell = (at: number) => record[at] ?? ''
  if (columns.series >= 0 && cell(columns.series) !== 'EQ') return undefined
  const symbol = columns.named ?? symbolIn(cell(columns.symbol))
  if (symbol === null || !follows(symbol))
    return columns.format.wholeMarket
      ? undefined
      : `“${cell(columns.symbol).slice(0, 30)}” is not an instrument we follow. Add it first, or leave its rows out.`
  // Yahoo writes a row of nulls for a day without trading.
  if (columns.format.name === 'yahoo' && cell(columns.close) === 'null') return undefined
  const day = dayIn(cell(columns.day))
  if (day === null) return `“${cell(columns.day).slice(0, 30)}” is not a date like 2026-11-20 or 20-Nov-2026.`
  const close = priceIn(cell(columns.close))
  if (close === null) return `“${cell(columns.close).slice(0, 30)}” is not a closing price.`
  return { line, symbol, day, close }
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

function problem(file: string, line: number | null, sentence: string): Found {
  // Quotes of a binary file may contain NUL, which PostgreSQL does not store.
  return { kind: 'problem', problem: { file, line, sentence: sentence.replaceAll('\0', '') } }
}

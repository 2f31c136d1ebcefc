import { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { textOf } from './text.ts'
import { Unreadable } from './unreadable.ts'

/** What is wrong with a file; `line` null when it is about the file as a whole. */
export type Problem = { file: string; line: number | null; sentence: string }

/** One row of a CSV file. It is valid until the next one is asked for: what is to be kept has to be taken out of it. */
export type Row = {
  /** The line of the file on which it ends. */
  readonly line: number
  /** A cell, trimmed; undefined where the row has ended before it. */
  cell(at: number): string | undefined
  cells(): string[]
}

const longest = 64 * 1024

/** How AMFI's file of all schemes begins: its cells are separated by semicolons, and a quote in it is part of a scheme's name. */
const amfi = /^\s*scheme code\s*;/i

/**
 * The rows of a CSV file without its empty lines, header first, some at a time. Lines without a quote are split here, five to
 * ten times as fast as csv-parse, which reads everything from the first quote on. Throws Unreadable where it is not CSV.
 */
export async function* rowsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Iterable<Row>> {
  const pieces = textOf(chunks)
  const lines = { count: 0 }
  let separator: string | undefined
  let rest = ''
  for await (const piece of pieces) {
    const text = rest + piece
    refuseZeros(text, lines.count)
    separator ??= amfi.test(text) ? ';' : ','
    const quote = separator === ',' ? text.indexOf('"') : -1
    const end = text.lastIndexOf('\n', quote < 0 ? text.length : quote) + 1
    if (end > 0) yield plainRows(text.slice(0, end), lines, separator)
    // Files of old Macs have no line feed; csv-parse finds out how their lines end.
    const isForeign = lines.count === 0 && end === 0 && text.includes('\r')
    if (quote >= 0 || isForeign) return yield* quotedRows(text.slice(end), pieces, lines.count)
    rest = text.slice(end)
    if (rest.length > longest) throw notCsv(lines.count + 1)
  }
  if (rest !== '') yield plainRows(`${rest}\n`, lines, separator ?? ',')
}

/** Header cells as they are compared: without spaces around and case. */
export function normalised(header: readonly string[]): string[] {
  return header.map((cell) => cell.trim().toUpperCase())
}

/** The rows of text without quotes; `lines` counts what was read. */
function* plainRows(text: string, lines: { count: number }, separator: string): Generator<Row> {
  const row = new PlainRow(text, separator)
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start)
    row.line = ++lines.count
    if (row.moveTo(start, end)) yield row
    start = end + 1
  }
}

/** Text has no NUL, and PostgreSQL stores none. */
function refuseZeros(text: string, linesBefore: number): void {
  const zero = text.indexOf('\0')
  if (zero < 0) return
  const line = linesBefore + linesIn(text.slice(0, zero)) + 1
  throw new Unreadable('This is not a text file: it has a NUL byte. Please download it again, or save it as CSV.', line)
}

class PlainRow implements Row {
  line = 0
  readonly #text: string
  readonly #separator: string
  #end = 0
  /** Where each cell begins, as far as they were looked for: a row that is not wanted is not split to its end. */
  readonly #starts: number[] = [0]
  #known = 0
  #next = -1

  constructor(text: string, separator: string) {
    this.#text = text
    this.#separator = separator
  }

  /** Goes to a line of the text; false for an empty one. */
  moveTo(start: number, end: number): boolean {
    this.#end = end
    this.#starts[0] = start
    this.#known = 0
    return this.#text.charCodeAt(start) > 32 || this.#text.slice(start, end).trim() !== ''
  }

  cell(at: number): string | undefined {
    for (; this.#known <= at; this.#known++) {
      const start = this.#starts[this.#known]!
      if (start > this.#end) return undefined
      this.#starts[this.#known + 1] = this.#separatorFrom(start) + 1
    }
    const start = this.#starts[at]!
    return start > this.#end ? undefined : this.#text.slice(start, this.#starts[at + 1]! - 1).trim()
  }

  cells(): string[] {
    const cells: string[] = []
    for (let cell = this.cell(0); cell !== undefined; cell = this.cell(cells.length)) cells.push(cell)
    return cells
  }

  /** The next separator of the row, or its end. One beyond the row is kept, lest long texts be searched again and again. */
  #separatorFrom(start: number): number {
    if (this.#next < start) {
      const found = this.#text.indexOf(this.#separator, start)
      this.#next = found < 0 ? this.#text.length : found
    }
    return Math.min(this.#next, this.#end)
  }
}

/** The rows of the rest of a file, by csv-parse. */
async function* quotedRows(first: string, others: AsyncIterable<string>, linesBefore: number): AsyncGenerator<Row[]> {
  const source = Readable.from(withoutZeros())
  const options = { relax_column_count: true, skip_empty_lines: true, trim: true, info: true, max_record_size: longest }
  const parser = source.pipe(parse(options))
  source.on('error', (error) => parser.destroy(error))
  try {
    let rows: Row[] = []
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      rows.push({ line: linesBefore + info.lines, cell: (at) => record[at], cells: () => record })
      if (rows.length < 1_000) continue
      yield rows
      rows = []
    }
    yield rows
  } catch (error) {
    if (error instanceof Unreadable) throw error
    throw notCsv(linesBefore + ((error as { lines?: number }).lines ?? 1))
  } finally {
    source.destroy()
  }

  async function* withoutZeros(): AsyncGenerator<string> {
    yield first
    let line = linesBefore + linesIn(first)
    for await (const piece of others) {
      refuseZeros(piece, line)
      line += linesIn(piece)
      yield piece
    }
  }
}

function linesIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

function notCsv(line: number): Unreadable {
  return new Unreadable('From here on this is not a CSV file: a quote is not closed, or it is something else.', line)
}

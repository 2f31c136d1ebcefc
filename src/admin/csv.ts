import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify/sync'
import { csvTimeInIndia, escapeFormula, rupeesOf } from '../platform/csv.ts'
import { runHeavyWork } from '../platform/heavy-work.ts'

/**
 * A column of an export. `text` is quoted and made harmless, `paise` is printed as rupees with two decimals, `time` as
 * the Indian wall clock, `number` as it is.
 */
export type Column<Row> = { title: string } & (
  | { text: (row: Row) => string | null }
  | { paise: (row: Row) => number | null }
  | { time: (row: Row) => Date | null }
  | { number: (row: Row) => number | null }
)

/**
 * A CSV file as a stream (UTF-8 with the mark that Excel needs, CRLF), made page by page, each in its turn of heavy work.
 * Text that a spreadsheet would take for a formula is preceded by an apostrophe (OWASP "CSV injection", ASVS 5 1.2.10).
 */
export function csvOf<Row>(columns: readonly Column<Row>[], pages: AsyncIterable<readonly Row[]>): Readable {
  async function* pieces() {
    yield `\ufeff${linesOf([columns.map(titleOf)])}`
    const unread = pages[Symbol.asyncIterator]()
    const nextPiece = async () => {
      const { done, value } = await unread.next()
      return done ? null : linesOf(value.map((row) => columns.map((column) => cell(column, row))))
    }
    try {
      for (;;) {
        const piece = await runHeavyWork({ patient: true }, nextPiece)
        if (piece === null) return
        yield piece
      }
    } finally {
      await unread.return?.()
    }
  }
  return Readable.from(pieces(), { objectMode: false })
}

function linesOf(rows: (string | number)[][]): string {
  return stringify(rows, { record_delimiter: 'windows', quoted_string: true })
}

function titleOf<Row>(column: Column<Row>): string {
  if ('paise' in column) return `${column.title} (₹)`
  return 'time' in column ? `${column.title} (IST)` : column.title
}

function cell<Row>(column: Column<Row>, row: Row): string | number {
  if ('text' in column) return escapeFormula(column.text(row) ?? '')
  if ('paise' in column) return rupeesOf(column.paise(row))
  if ('time' in column) return csvTimeInIndia(column.time(row))
  return column.number(row) ?? ''
}

import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify'
import { harmless, inIndia, rupeesOf } from '../platform/csv.ts'

export { harmless }

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
 * A CSV file as a stream (UTF-8 with the mark that Excel needs, CRLF), made page by page. Text that a spreadsheet would
 * take for a formula is preceded by an apostrophe (OWASP "CSV injection", ASVS 5 1.2.10).
 */
export function csvOf<Row>(columns: readonly Column<Row>[], pages: AsyncIterable<readonly Row[]>): Readable {
  const lines = async function* () {
    for await (const rows of pages) for (const row of rows) yield columns.map((column) => cell(column, row))
  }
  const header = columns.map((column) =>
    'paise' in column ? `${column.title} (₹)` : 'time' in column ? `${column.title} (IST)` : column.title,
  )
  const writer = stringify({
    header: true,
    columns: header,
    bom: true,
    record_delimiter: 'windows',
    quoted_string: true,
  })
  return Readable.from(lines())
    .on('error', (error) => writer.destroy(error))
    .pipe(writer)
}

function cell<Row>(column: Column<Row>, row: Row): string | number {
  if ('text' in column) return harmless(column.text(row) ?? '')
  if ('paise' in column) return rupeesOf(column.paise(row))
  if ('time' in column) return inIndia(column.time(row))
  return column.number(row) ?? ''
}

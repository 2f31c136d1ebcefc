import { stringify } from 'csv-stringify/sync'
import { Zip, ZipDeflate } from 'fflate'
import { escapeFormula } from '../../platform/csv.ts'
import { isoInIndia, monthNames } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { runHeavyWork } from '../../platform/heavy-work.ts'
import { allOf } from '../listing.ts'
import { listTaxPapers, type Month, type PaperFilter, type TaxPaper } from './queries.ts'

/** A file that is made piece by piece. */
export type MonthFile = { name: string; pieces: AsyncIterable<string> }

/** Lines of a file that other programs read: no mark at its start, CRLF, text harmless to a spreadsheet. */
function csvLines(rows: readonly (readonly (string | number)[])[]): string {
  const safe = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' || isAmount(cell) ? cell : escapeFormula(cell))),
  )
  return stringify(safe, { record_delimiter: 'windows' })
}

/** A negative amount begins like a formula, and is none. */
const isAmount = (cell: string) => /^-?\d+\.\d\d$/.test(cell)

/** A file of short tables, made at once. */
export async function* shortFile(head: readonly string[], rows: readonly (readonly (string | number)[])[]) {
  yield csvLines([head, ...rows])
}

/** A file with lines for each paper of a month, a thousand papers at a time: memory does not grow with the month. */
export async function* paperFile(
  sql: Sql,
  { month, filter, head }: { month: Month; filter: PaperFilter; head: readonly string[] },
  linesOf: (paper: TaxPaper) => readonly (readonly (string | number)[])[],
) {
  yield csvLines([head])
  const list = (after: Parameters<typeof listTaxPapers>[3], limit: number) =>
    listTaxPapers(sql, month, filter, after, limit)
  for await (const papers of allOf(list, ({ issuedAt, number }) => ({ at: issuedAt, id: number })))
    yield csvLines(papers.flatMap(linesOf))
}

/** A zip of files as a stream, each piece made in its turn of heavy work. */
export async function* zipOf(files: readonly MonthFile[]): AsyncGenerator<Uint8Array> {
  const made: Uint8Array[] = []
  const zip = new Zip((error, chunk) => {
    if (error) throw error
    made.push(chunk)
  })
  for (const { name, pieces } of files) {
    const entry = new ZipDeflate(name, { level: 6 })
    zip.add(entry)
    for await (const piece of inTurns(pieces)) {
      entry.push(Buffer.from(piece))
      yield* made.splice(0)
    }
    entry.push(new Uint8Array(), true)
  }
  zip.end()
  yield* made.splice(0)
}

/** The same pieces, each made in its turn of heavy work. */
export async function* inTurns(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  const unread = pieces[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await runHeavyWork({ patient: true }, () => unread.next())
      if (done) return
      yield value
    }
  } finally {
    await unread.return?.()
  }
}

/** Paise as rupees with two decimals and no sign of thousands: "4228.81". */
export function plainRupees(paise: number): string {
  const sign = paise < 0 ? '-' : ''
  const whole = Math.abs(paise)
  return `${sign}${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, '0')}`
}

/** An Indian day as the offline tool writes it: "20-Nov-2026". */
export function toolDay(at: Date): string {
  const [year, month, day] = isoInIndia(at).slice(0, 10).split('-')
  return `${day}-${monthNames[Number(month) - 1]}-${year}`
}

import { normalised, type Problem, type Row, rowsOf } from '../../files/csv-files.ts'
import { openFiles } from '../../files/open-files.ts'
import { Unreadable } from '../../files/unreadable.ts'
import type { Format } from './formats.ts'
import { layoutOf, unknownHeader } from './layout.ts'
import { type NavLine, NavSheet, navLayoutOf } from './nav-sheet.ts'
import { type PriceLine, type Reading, Sheet } from './sheet.ts'

export type { Reading, Seen } from './sheet.ts'

/**
 * What is found in a file, in its order: its format, then prices and problems, then its end. A file that cannot be read at all
 * is `refused`, and has no prices; one of others, in a zip, ends without a word. `skipped`: rows of ours without a price. A file of
 * NAVs has NAVs instead of prices; `passedOver`: schemes in it that nobody follows.
 */
export type Found =
  | { kind: 'format'; file: string; format: Format }
  | { kind: 'price'; file: string; price: PriceLine }
  | { kind: 'problem'; problem: Problem }
  | { kind: 'refused'; file: string; sentence: string }
  | { kind: 'end'; file: string; skipped: number }
  | { kind: 'nav-format'; file: string; title: string }
  | { kind: 'nav'; file: string; nav: NavLine }
  | { kind: 'nav-end'; file: string; skipped: number; passedOver: number }

/** So much of a file is held back until it is read to its end, lest prices come out of a file that turns out to be unreadable. */
const mostHeld = 100_000

/**
 * Reads a CSV file, or every CSV file in a zip, row by row: memory does not grow with the file. `name` is the file's name
 * as its sender called it; formats of one symbol take the symbol from it.
 * Never throws for what is in the file: each wrong line is a problem, each unreadable file is refused. (One that stops being
 * readable after more than a hundred thousand prices is a problem at that line.)
 */
export async function* readPriceFile(path: string, name: string, reading: Reading): AsyncGenerator<Found> {
  let hasOurs = false
  for await (const { file, ...opened } of openFiles(path, name)) {
    if (!opened.chunks) yield refused(file, opened.sentence)
    else
      for await (const found of readOne(opened.chunks, { file, isPart: file !== name }, reading)) {
        hasOurs ||= found.kind !== 'format' && found.kind !== 'nav-format'
        yield found
      }
    hasOurs ||= !opened.chunks
  }
  if (!hasOurs) yield refused(name, 'There is no price of an instrument we follow in this zip.')
}

async function* readOne(
  chunks: AsyncIterable<Buffer>,
  { file, isPart }: { file: string; isPart: boolean },
  reading: Reading,
): AsyncGenerator<Found> {
  const header: string[][] = []
  let held: Found[] = []
  let isHandedOn = false
  let sheet: Sheet | NavSheet | undefined
  try {
    for await (const rows of rowsOf(chunks)) {
      for (const row of rows)
        if (sheet) sheet.take(row)
        else sheet = begin(row)
      if (held.length < mostHeld) continue
      yield* held
      held = []
      isHandedOn = true
    }
    if (!sheet) throw header[0] ? unknownHeader(normalised(header[0])) : new Unreadable('This file is empty.')
    const end = endOf(sheet)
    yield* held
    if (end) yield end
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    const { line, message } = error
    if (isHandedOn) yield problem(file, line, message)
    else yield refused(file, line === null ? message : `Line ${line}: ${message}`)
  }

  /** The end of the file; null where it may be passed over. Throws Unreadable. */
  function endOf(sheet: Sheet | NavSheet): Found | null {
    if (sheet instanceof Sheet) return sheet.end(isPart) ? { kind: 'end', file, skipped: sheet.skipped } : null
    sheet.end()
    return { kind: 'nav-end', file, skipped: sheet.skipped, passedOver: sheet.passedOver }
  }

  /** Adds a line to the header; answers where the rows go once it is complete. */
  function begin(row: Row): Sheet | NavSheet | undefined {
    header.push(row.cells())
    const navs = header.length === 1 && navLayoutOf(normalised(header[0]!))
    if (navs) {
      held.push({ kind: 'nav-format', file, title: navs.title })
      return new NavSheet(navs, reading, (found) =>
        held.push('day' in found ? { kind: 'nav', file, nav: found } : problem(file, found.line, found.sentence)),
      )
    }
    const layout = layoutOf(header, file)
    if (!layout) return undefined
    held.push({ kind: 'format', file, format: layout.format })
    return new Sheet(layout, reading, (found) =>
      held.push('day' in found ? { kind: 'price', file, price: found } : problem(file, found.line, found.sentence)),
    )
  }
}

function problem(file: string, line: number | null, sentence: string): Found {
  return { kind: 'problem', problem: { file, line, sentence: sentence.toWellFormed() } }
}

/** (Quotes from a file may end in half of a character, which PostgreSQL does not store.) */
function refused(file: string, sentence: string): Found {
  return { kind: 'refused', file, sentence: sentence.toWellFormed() }
}

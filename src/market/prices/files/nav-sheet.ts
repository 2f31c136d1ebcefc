import type { Day } from '../../calendar/days.ts'
import type { Row } from '../../files/csv-files.ts'
import { Unreadable } from '../../files/unreadable.ts'
import { symbolIn } from '../../instruments/identifiers.ts'
import { dayOf, isBlank, priceIn } from './cells.ts'
import type { Reading, WrongLine } from './sheet.ts'

/** One NAV, in rupees, and its line in the file. */
export type NavLine = { line: number; symbol: string; day: Day; nav: number }

/** Where a file of NAVs has what. `symbol` -1: it is AMFI's, which knows schemes by ISINs, of which a row may have two. */
export type NavLayout = { title: string; symbol: number; isins: readonly number[]; nav: number; day: number }

/** The layout of a file of NAVs, by its (normalised) header; undefined for any other file. */
export function navLayoutOf(header: readonly string[]): NavLayout | undefined {
  const at = (name: string) => header.findIndex((cell) => cell.replace(/\s*\/\s*/g, '/') === name)
  const day = at('DATE')
  const isins = [at('ISIN DIV PAYOUT/ISIN GROWTH'), at('ISIN DIV REINVESTMENT')].filter((place) => place >= 0)
  if (at('SCHEME CODE') === 0 && isins.length > 0 && at('NET ASSET VALUE') > 0 && day > 0)
    return { title: 'NAVs: AMFI’s file of all schemes', symbol: -1, isins, nav: at('NET ASSET VALUE'), day }
  if (day < 0 || at('SYMBOL') < 0 || at('NAV') < 0 || at('CLOSE') >= 0) return undefined
  return { title: 'NAVs: our own, date, symbol, nav', symbol: at('SYMBOL'), isins: [], nav: at('NAV'), day }
}

/** Takes the rows below the header of a file of NAVs, and finds those of instruments of ours. */
export class NavSheet {
  /** Rows of ours without a NAV. */
  skipped = 0
  /** Schemes in AMFI's file that nobody follows. */
  passedOver = 0
  readonly #layout: NavLayout
  readonly #reading: Pick<Reading, 'match' | 'today'>
  readonly #emit: (found: NavLine | WrongLine) => void
  #emitted = 0

  constructor(
    layout: NavLayout,
    reading: Pick<Reading, 'match' | 'today'>,
    emit: (found: NavLine | WrongLine) => void,
  ) {
    this.#layout = layout
    this.#reading = reading
    this.#emit = emit
  }

  take(row: Row): void {
    const found = this.#layout.symbol < 0 ? this.#schemeIn(row) : this.#ownIn(row)
    if (!found) return
    this.#emitted++
    this.#emit(found)
  }

  /** Ends the file. Throws Unreadable when there was no NAV of an instrument of ours, nor a wrong line. */
  end(): void {
    if (this.#emitted > 0) return
    if (this.skipped > 0) throw new Unreadable('Its NAVs of instruments we follow are all empty.')
    throw new Unreadable(
      this.#layout.symbol < 0
        ? 'No scheme in this file has the ISIN of an instrument we follow. Enter their ISINs under Instruments.'
        : 'There is no NAV in this file.',
    )
  }

  /** A row of AMFI's file. Lines of one cell are its headings: kinds of schemes, and names of fund houses. */
  #schemeIn(row: Row): NavLine | WrongLine | null {
    const { isins, nav, day } = this.#layout
    if (row.cell(1) === undefined) return null
    if (row.cell(Math.max(nav, day)) === undefined) return cutOff(row)
    const symbols = isins.map((place) => this.#symbolOf(null, row.cell(place) ?? '', row.cell(day)!))
    const symbol = symbols.find((one) => one !== null)
    if (symbol !== undefined) return this.#navOf(row, symbol!)
    this.passedOver++
    return null
  }

  #ownIn(row: Row): NavLine | WrongLine | null {
    const { nav, day, symbol: at } = this.#layout
    if (row.cell(Math.max(nav, day, at)) === undefined) return cutOff(row)
    const written = row.cell(at)!
    const symbol = this.#symbolOf(symbolIn(written), '', row.cell(day)!)
    const sentence = `${quoted(written)} is not an instrument we follow. Add it first, or leave its rows out.`
    return symbol === null ? { line: row.line, sentence } : this.#navOf(row, symbol)
  }

  #symbolOf(symbol: string | null, isin: string, dayText: string): string | null {
    return this.#reading.match({ symbol, isin: isin.toUpperCase() || null, day: dayOf(dayText) ?? this.#reading.today })
  }

  #navOf(row: Row, symbol: string): NavLine | WrongLine | null {
    const { line } = row
    const dayText = row.cell(this.#layout.day)!
    const cell = row.cell(this.#layout.nav)!
    if (isBlank(cell) || /^(n\.?a\.?|-)$/i.test(cell)) {
      this.skipped++
      return null
    }
    const day = dayOf(dayText)
    if (day === null) return { line, sentence: `${quoted(dayText)} is not a date like 2026-11-20 or 20-Nov-2026.` }
    if (day > this.#reading.today) return { line, sentence: `${day} has not come yet.` }
    const nav = priceIn(cell)
    return nav === null ? { line, sentence: `${quoted(cell)} is not a NAV.` } : { line, symbol, day, nav }
  }
}

function cutOff({ line }: Row): WrongLine {
  return { line, sentence: 'This line ends before its NAV and date: the file seems to be cut off.' }
}

function quoted(cell: string): string {
  return `“${cell.slice(0, 30)}”`
}

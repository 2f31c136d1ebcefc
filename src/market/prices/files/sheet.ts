import { type Day, weekdayOf } from '../../calendar/days.ts'
import type { Row } from '../../files/csv-files.ts'
import { Unreadable } from '../../files/unreadable.ts'
import { symbolIn } from '../../instruments/identifiers.ts'
import { amountIn, dayOf, isBlank, isWithoutAmount, priceIn } from './cells.ts'
import { otherMarket } from './formats.ts'
import { type ClosePlace, isOtherExchange, type Layout, otherExchangeSentence } from './layout.ts'

/** What a row calls its instrument. Null where the file has no such column; a file about one symbol is called by it. */
export type Seen = { symbol: string | null; isin: string | null }

/**
 * One closing price, and its line in the file. `symbol` is the instrument's, `seen` what the file calls it; `volume` in units and
 * `turnover` in rupees are null where the file has none.
 */
export type PriceLine = { line: number; symbol: string; day: Day; close: number; seen: Seen } & Traded
type Traded = { volume: number | null; turnover: number | null }

/** A line that is wrong, and why. */
export type WrongLine = { line: number; sentence: string }

/**
 * What a reader has to know: which rows are ours (null: none of our instruments), which symbols somebody has given up, today in
 * India, and when the exchange is open.
 */
export type Reading = {
  match: (seen: Seen & { day: Day }) => string | null
  wasGivenUp: (symbol: string) => boolean
  today: Day
  isOpen: (day: Day) => boolean
}

/** What a row says about an instrument of ours; null for a day without a price. */
type Result = PriceLine | WrongLine | null

/** Takes the rows below a file's header, one after another, and finds our prices in them. */
export class Sheet {
  /** Rows of ours without a price. */
  skipped = 0
  readonly #layout: Layout
  readonly #reading: Reading
  readonly #emit: (found: PriceLine | WrongLine) => void
  #isFirst = true
  #hasOurs = false
  #emitted = 0
  #dayText = ''
  #day: Day | null = null
  /** The last day of our rows; '' before the first. */
  #lastDay: Day = ''
  /** Of the day whose rows are being read: instruments of the main series, and what those of the other one say. */
  readonly #main = new Set<string>()
  #standIns: { symbol: string; result: Result }[] = []
  /** Prices under a symbol that changed hands, in a file that calls all days as its last one: whose they are is known at its end. */
  readonly #ofLastDay: PriceLine[] = []
  /** Names of the file or of its columns that are not ours, and the first row of each. */
  readonly #unknown = new Map<string, { line: number; day: string }>()

  /** `emit` gets what is found, in the order of the file except for rows that stand in for others. */
  constructor(layout: Layout, reading: Reading, emit: (found: PriceLine | WrongLine) => void) {
    this.#layout = layout
    this.#reading = reading
    this.#emit = emit
  }

  /** Takes the next row. Throws Unreadable when it shows that nothing of the file is to be read. */
  take(row: Row): void {
    const { series, format, closes, day } = this.#layout
    if (this.#isFirst) this.#refuseOtherMarket(row)
    const ofSeries = format.series && row.cell(series)
    if (format.series && ofSeries !== format.series.main && ofSeries !== format.series.standIn) return
    const dayText = row.cell(day) ?? ''
    if (dayText !== this.#dayText) this.#turnTo(dayText)
    for (const close of closes) this.#takePrice(row, close, format.series !== null && ofSeries !== format.series.main)
  }

  /**
   * Ends the file. Throws Unreadable when there was no price of an instrument of ours, nor a wrong line. False for one among many
   * in a zip (`isPart`) that is the history of instruments that nobody follows: it may be passed over.
   */
  end(isPart: boolean): boolean {
    this.#turnTo('')
    for (const price of this.#ofLastDay) this.#emitAsOfLastDay(price)
    const { wholeMarket, daily } = this.#layout.format
    if (isPart && wholeMarket && !daily && !this.#hasOurs) return false
    const [unknown] = this.#unknown.keys()
    if (!this.#hasOurs && unknown !== undefined)
      throw new Unreadable(
        `This file is about “${unknown.slice(0, 30)}”, which ${notFollowed} Add it first, or correct the file’s name.`,
      )
    for (const [name, { line, day }] of this.#unknown)
      this.#give({ line, sentence: `On ${day} “${name.slice(0, 30)}” ${notFollowed} Add it first, or leave it out.` })
    if (this.#emitted === 0)
      throw new Unreadable(
        this.skipped > 0
          ? 'Its closing prices are all empty.'
          : 'There is no price of an instrument we follow in this file.',
      )
    return true
  }

  #takePrice(row: Row, close: ClosePlace, isStandIn: boolean): void {
    const { format, symbol: symbolAt, isin: isinAt } = this.#layout
    const written = close.name ?? row.cell(symbolAt) ?? ''
    const seen = {
      symbol: close.name === null ? symbolIn(written) : close.symbol,
      isin: isinAt < 0 ? null : row.cell(isinAt) || null,
    }
    // For series, and until the end, a symbol that changed hands stands for whoever has it.
    const symbol = this.#isOfLastDay(seen.symbol)
      ? seen.symbol
      : this.#reading.match({ ...seen, day: this.#day ?? this.#reading.today })
    if (symbol === null) {
      this.#passOver(row, close.name, written)
      return
    }
    this.#hasOurs ||= !this.#isOfLastDay(seen.symbol)
    const result = this.#resultOf(row, close, { symbol, seen })
    if (isStandIn) this.#standIns.push({ symbol, result })
    else {
      if (format.series?.standIn) this.#main.add(symbol)
      this.#give(result)
    }
  }

  #resultOf(row: Row, place: ClosePlace, { symbol, seen }: Pick<PriceLine, 'symbol' | 'seen'>): Result {
    const { line } = row
    const other = this.#otherMarketOf(row)
    if (other) return { line, sentence: other }
    const day = this.#day
    if (day === null)
      return { line, sentence: `${quoted(this.#dayText)} is not a date like 2026-11-20 or 20-Nov-2026.` }
    const closed = this.#whyClosed(day)
    if (closed && this.#layout.format.daily) throw new Unreadable(`Nothing of this file is read: ${closed}`)
    if (closed) return { line, sentence: closed }
    const cell = row.cell(place.at)
    if (cell === undefined)
      return { line, sentence: 'This line ends before its closing price: the file seems to be cut off.' }
    if (isBlank(cell)) return null
    const close = priceIn(cell)
    if (close === null) return { line, sentence: `${quoted(cell)} is not a closing price.` }
    const traded = tradedIn(row, place)
    return typeof traded === 'string' ? { line, sentence: traded } : { line, symbol, day, close, ...traded, seen }
  }

  /** A sentence for a day that cannot have had prices. */
  #whyClosed(day: Day): string | undefined {
    const { today, isOpen } = this.#reading
    if (day > today) return `${day} has not come yet.`
    const weekday = new Date(day).getUTCDay()
    if ((weekday === 0 || weekday === 6) && !isOpen(day))
      return `${day} is a ${weekdayOf(day)}, and the calendar has no session on it.`
    return undefined
  }

  #refuseOtherMarket(row: Row): void {
    this.#isFirst = false
    const other = this.#otherMarketOf(row)
    if (other) throw new Unreadable(other)
  }

  #otherMarketOf(row: Row): string | undefined {
    const other = this.#layout.only.find(({ at, value }) => row.cell(at) !== value)
    return other && otherMarket(other.column, row.cell(other.at) ?? '')
  }

  #passOver({ line }: Row, name: string | null, written: string): void {
    if (name !== null) {
      if (!this.#unknown.has(name)) this.#unknown.set(name, { line, day: this.#dayText.slice(0, 30) })
    } else if (!this.#layout.format.wholeMarket)
      this.#give({
        line,
        sentence: isOtherExchange(written)
          ? otherExchangeSentence(written)
          : `${quoted(written)} ${notFollowed} Add it first, or leave its rows out.`,
      })
  }

  /**
   * Whether a symbol is to be understood as of the file's last day: it changed hands, and the file is the history of who had it
   * then, under that name throughout, as everybody but the exchange writes them.
   */
  #isOfLastDay(symbol: string | null): boolean {
    const { format } = this.#layout
    return (
      symbol !== null && (format.symbol === null || format.basis === 'restated') && this.#reading.wasGivenUp(symbol)
    )
  }

  #emitAsOfLastDay(price: PriceLine): void {
    const { seen, line, day } = price
    const symbol = this.#reading.match({ ...seen, day: this.#lastDay })
    if (symbol !== null) {
      this.#hasOurs = true
      this.#emitted++
      this.#emit({ ...price, symbol })
    } else if (!this.#layout.format.wholeMarket && !this.#unknown.has(seen.symbol!))
      this.#unknown.set(seen.symbol!, { line, day })
  }

  /** Ends the rows of one day: instruments without a row of the main series get the price of the other. */
  #turnTo(dayText: string): void {
    const waiting = this.#standIns.filter(({ symbol }) => !this.#main.has(symbol))
    this.#standIns = []
    this.#main.clear()
    for (const { result } of waiting) this.#give(result)
    this.#dayText = dayText
    this.#day = dayOf(dayText)
  }

  #give(result: Result): void {
    if (this.#day !== null && this.#day > this.#lastDay && (result === null || 'day' in result))
      this.#lastDay = this.#day
    if (result === null) this.skipped++
    else if ('day' in result && this.#isOfLastDay(result.seen.symbol)) this.#ofLastDay.push(result)
    else {
      this.#emitted++
      this.#emit(result)
    }
  }
}

/** What was traded, or a sentence about the cell that is damaged. */
function tradedIn(row: Row, { volume, turnover, unit }: ClosePlace): Traded | string {
  const cells = [
    { at: volume, what: 'a volume', unit: 1 },
    { at: turnover, what: 'a turnover', unit },
  ]
  const amounts: (number | null)[] = []
  for (const { at, what, unit } of cells) {
    const cell = at < 0 ? '' : row.cell(at)
    if (cell === undefined) return `This line ends before its ${what.slice(2)}: the file seems to be cut off.`
    const amount = isWithoutAmount(cell) ? null : amountIn(cell)
    if (amount === null && !isWithoutAmount(cell)) return `${quoted(cell)} is not ${what}.`
    amounts.push(amount === null ? null : amount * unit)
  }
  return { volume: amounts[0]!, turnover: amounts[1]! }
}

const notFollowed = 'is not an instrument we follow.'

function quoted(cell: string): string {
  return `“${cell.slice(0, 30)}”`
}

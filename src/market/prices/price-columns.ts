import { type Day, daysAfter } from '../calendar/days.ts'
import type { Prices } from './closing-prices.ts'

/** Calendar days in a row that many columns share. A day's place is how many days it is after the first. */
export class DayRun {
  readonly days: readonly Day[]
  readonly #places: ReadonlyMap<Day, number>

  constructor(first: Day, last: Day) {
    const days: Day[] = []
    for (let day = first; day <= last; day = daysAfter(day, 1)) days.push(day)
    this.days = days
    this.#places = new Map(days.map((day, place) => [day, place]))
  }

  /** Undefined for a day outside. */
  placeOf(day: Day): number | undefined {
    return this.#places.get(day)
  }
}

/**
 * The closing prices of one instrument as a column of numbers over a run of days, NaN where there is none: eight bytes a day,
 * where a map of its own takes eighty for each price.
 */
export class PriceColumn implements Prices {
  readonly size: number
  readonly #run: DayRun
  readonly #closes: Float64Array

  constructor(run: DayRun, closes: Float64Array) {
    this.#run = run
    this.#closes = closes
    this.size = closes.reduce((count, close) => (Number.isNaN(close) ? count : count + 1), 0)
  }

  get(day: Day): number | undefined {
    const close = this.#closes[this.#run.placeOf(day) ?? -1]
    return close === undefined || Number.isNaN(close) ? undefined : close
  }

  has(day: Day): boolean {
    return this.get(day) !== undefined
  }

  *keys(): Generator<Day, undefined> {
    const [days, closes] = [this.#run.days, this.#closes]
    for (let place = 0; place < closes.length; place++) if (!Number.isNaN(closes[place])) yield days[place]!
    return undefined
  }

  *entries(): Generator<[Day, number], undefined> {
    for (const day of this.keys()) yield [day, this.get(day)!]
    return undefined
  }

  *values(): Generator<number, undefined> {
    for (const [, close] of this.entries()) yield close
    return undefined
  }

  [Symbol.iterator](): Generator<[Day, number], undefined> {
    return this.entries()
  }

  forEach(visit: (close: number, day: Day, prices: Prices) => void): void {
    for (const [day, close] of this.entries()) visit(close, day, this)
  }
}

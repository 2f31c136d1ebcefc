import type { Sql } from '../../../platform/db.ts'
import type { Problem } from '../../files/csv-files.ts'
import { type StagedPrice, stagePrices } from './queries.ts'

/** A price on its way in, and the file it is from, as people call it: of a zip the file in it. */
export type Waiting = StagedPrice & { from: string }

const batch = 5_000

/**
 * Stores the prices of an import some thousands at a time, so that memory does not grow with the files. A symbol's day that
 * comes twice is a wrong line, whatever its two prices are.
 */
export class Staging {
  #waiting: Waiting[] = []
  readonly #sql: Sql
  readonly #importId: number
  readonly #names: readonly string[]
  readonly #complain: (problem: Problem) => void

  /** `names`: of the files, by their place. */
  constructor(sql: Sql, importId: number, names: readonly string[], complain: (problem: Problem) => void) {
    this.#sql = sql
    this.#importId = importId
    this.#names = names
    this.#complain = complain
  }

  async add(price: Waiting): Promise<void> {
    this.#waiting.push(price)
    if (this.#waiting.length >= batch) await this.store()
  }

  /** Stores what waits. */
  async store(): Promise<void> {
    const given = this.#waiting
    this.#waiting = []
    if (given.length === 0) return
    const prices = given.map(({ from: _, ...price }) => price)
    const twins = Map.groupBy(await stagePrices(this.#sql, this.#importId, prices), keyOf)
    if (twins.size === 0) return
    const byDay = Map.groupBy(given, keyOf)
    for (const [key, answers] of twins) {
      // Where one of a symbol's day was stored, it was the first of those given.
      const same = byDay.get(key)!
      const refused = same.slice(same.length - answers.length)
      for (const twin of refused)
        this.#complain(this.#twice(twin, refused.length < same.length ? same[0]! : answers[0]!))
    }
  }

  #twice(twin: Waiting, first: Waiting | { firstFile: number; firstLine: number }): Problem {
    const { from, line } = 'from' in first ? first : { from: this.#names[first.firstFile]!, line: first.firstLine }
    const where = from === twin.from ? `on line ${line}` : `in ${from}, line ${line}`
    const sentence = `${twin.symbol} has a price for ${twin.day} already, ${where}.`
    return { file: twin.from, line: twin.line, sentence }
  }
}

function keyOf({ symbol, day }: { symbol: string; day: string }): string {
  return `${symbol} ${day}`
}

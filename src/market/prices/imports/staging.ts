import type { Problem } from '../../files/csv-files.ts'

/** What is of one instrument's day, and stands in a line of a file; `file` is its place in the import's files. */
type Staged = { symbol: string; day: string; file: number; line: number }

/** A price or NAV on its way in, and the file it is from, as people call it: of a zip the file in it. */
export type Waiting<One extends Staged> = One & { from: string }

/** Stores some, and answers those whose symbol and day are there already, and where. */
type Store<One> = (given: One[]) => Promise<(Staged & { firstFile: number; firstLine: number })[]>

const batch = 5_000

/**
 * Stores the prices, or the NAVs, of an import some thousands at a time, so that memory does not grow with the files. A symbol's day
 * that comes twice is a wrong line, whatever its two prices are.
 */
export class Staging<One extends Staged> {
  #waiting: Waiting<One>[] = []
  readonly #put: Store<One>
  readonly #what: string
  readonly #names: readonly string[]
  readonly #complain: (problem: Problem) => void

  /** `what` it stores, in a sentence's words; `names`: of the files, by their place. */
  constructor(
    put: Store<One>,
    { what, names, complain }: { what: string; names: readonly string[]; complain: (problem: Problem) => void },
  ) {
    this.#put = put
    this.#what = what
    this.#names = names
    this.#complain = complain
  }

  async add(one: Waiting<One>): Promise<void> {
    this.#waiting.push(one)
    if (this.#waiting.length >= batch) await this.store()
  }

  /** Stores what waits. */
  async store(): Promise<void> {
    const given = this.#waiting
    this.#waiting = []
    if (given.length === 0) return
    const bare = given.map(({ from: _, ...one }) => one as unknown as One)
    const twins = Map.groupBy(await this.#put(bare), keyOf)
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

  #twice(twin: Waiting<One>, first: Waiting<One> | { firstFile: number; firstLine: number }): Problem {
    const { from, line } = 'from' in first ? first : { from: this.#names[first.firstFile]!, line: first.firstLine }
    const where = from === twin.from ? `on line ${line}` : `in ${from}, line ${line}`
    const sentence = `${twin.symbol} has ${this.#what} for ${twin.day} already, ${where}.`
    return { file: twin.from, line: twin.line, sentence }
  }
}

function keyOf({ symbol, day }: { symbol: string; day: string }): string {
  return `${symbol} ${day}`
}

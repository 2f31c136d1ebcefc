import { setImmediate as turn } from 'node:timers/promises'
import { DatabaseUnavailable, withPriority } from './db.ts'

type Waiting<Item, Result> = { item: Item; answer: (result: Promise<Result>) => void }

/**
 * Has one statement do for several what one would do for each, and answers each: those that come in the same turn of the event loop, and
 * those that come while `lanes` statements are under way, `most` at once. `all` answers in the order of its items. Should a common statement
 * fail, each of its items has one of its own, so that none is refused because of another; one that took too long is not repeated.
 */
export function together<Item, Result>(
  all: (items: Item[]) => Promise<Result[]>,
  { lanes, most }: { lanes: number; most: number },
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = []
  let free = lanes

  async function next(): Promise<void> {
    await turn()
    if (waiting.length === 0 || free === 0) return
    const batch = waiting.splice(0, Math.min(most, Math.ceil(waiting.length / free)))
    free--
    const common = all(batch.map(({ item }) => item)).catch((error: unknown) => {
      if (batch.length === 1 || tookTooLong(error)) throw error
      return null
    })
    for (const [i, { item, answer }] of batch.entries())
      answer(common.then((results) => (results ? results[i]! : all([item]).then(([result]) => result!))))
    await common.catch(() => {})
    free++
    void next()
  }

  return (item) =>
    new Promise((answer) => {
      waiting.push({ item, answer })
      // Whose item takes the others along says nothing of them.
      void withPriority(next)
    })
}

/** The database answers nobody now: each would wait as long once more. A connection that broke is one of many. */
const tookTooLong = (error: unknown) => error instanceof DatabaseUnavailable && error.cause === undefined

import { setImmediate as turn } from 'node:timers/promises'
import { DatabaseUnavailable, type Sql, withPriority } from './db.ts'

/** How many statements of a pool are under way at once, for how many items each, and after how many milliseconds nobody waits behind one. */
type Bounds = { lanes: number; most: number; patienceMs: number }
type Waiting<Item, Result> = { item: Item; answer: (result: Promise<Result>) => void }

/**
 * Has one statement do for several what one would do for each, and answers each: those that come in the same turn of the event loop, and
 * those that come while `lanes` statements are under way. `all` answers in the order of its items. Should a common statement fail, each
 * of its items has one of its own, so that none is refused because of another; one that took too long is not repeated. Who waits behind
 * a slow one has one of their own as well, and hears within its time limit.
 */
export function together<Item, Result>(
  all: (sql: Sql, items: Item[]) => Promise<Result[]>,
  { lanes, most, patienceMs }: Bounds,
): (sql: Sql, item: Item) => Promise<Result> {
  type Line = { waiting: Waiting<Item, Result>[]; free: number }
  const lines = new WeakMap<Sql, Line>()

  /** Sends the share of a free lane in what waits. Never rejects. */
  async function sendNext(sql: Sql, line: Line): Promise<void> {
    await turn()
    if (line.waiting.length === 0 || line.free === 0) return
    const batch = line.waiting.splice(0, Math.min(most, Math.ceil(line.waiting.length / line.free)))
    line.free--
    const alone = (item: Item) => all(sql, [item]).then(([result]) => result!)
    const items = batch.map(({ item }) => item)
    const common = all(sql, items).catch((error: unknown) => {
      if (batch.length === 1 || tookTooLong(error)) throw error
      return null
    })
    for (const [i, { item, answer }] of batch.entries())
      answer(common.then((results) => (results ? results[i]! : alone(item))))
    if (!(await endsWithin(patienceMs, common)))
      for (const { item, answer } of line.waiting.splice(0)) answer(alone(item))
    line.free++
    void sendNext(sql, line)
  }

  return (sql, item) => {
    const line = lines.get(sql) ?? { waiting: [], free: lanes }
    lines.set(sql, line)
    return new Promise((answer) => {
      line.waiting.push({ item, answer })
      // Whose item takes the others along says nothing of them.
      void withPriority(() => sendNext(sql, line))
    })
  }
}

/** The database answers nobody now: each would wait as long once more. A connection that broke is one of many. */
const tookTooLong = (error: unknown) => error instanceof DatabaseUnavailable && error.cause === undefined

/** Whether work is over in time, well or not. */
async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, ms, false)
  const over = () => true
  const isOver = await Promise.race([work.then(over, over), late])
  clearTimeout(timer)
  return isOver
}

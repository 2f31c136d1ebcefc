import type { Services } from '../../platform/services.ts'
import type { Delivery, Judgement } from './delivery.ts'
import { countRefusals, storeRefusal, type Typed } from './queries.ts'

const rowsASecond = 10

/**
 * Records refused deliveries so that a flood of forgeries costs no more than ten rows a second: all are counted in memory and
 * the counts written once a second. Nobody waits for it, and it never throws.
 */
export function refusalLog({ sql, log }: Pick<Services, 'sql' | 'log'>) {
  let second = 0
  let written = 0
  const counted = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const counts = [...counted]
    counted.clear()
    for (const [verdict, count] of counts)
      await countRefusals(sql, verdict, count).catch(() => counted.set(verdict, (counted.get(verdict) ?? 0) + count))
  }

  function note(delivery: Delivery, judgement: Judgement<Typed>): void {
    counted.set(judgement.verdict, (counted.get(judgement.verdict) ?? 0) + 1)
    timer ??= setTimeout(flush, 1_000).unref()
    const now = Math.floor(Date.now() / 1000)
    if (now !== second) {
      second = now
      written = 0
    }
    if (written++ >= rowsASecond) return
    log.warn({ event: 'webhook refused', verdict: judgement.verdict }, 'webhook refused')
    storeRefusal(sql, delivery, judgement).catch((error) => log.warn({ err: error }, 'a refusal could not be stored'))
  }

  return { note, flush }
}

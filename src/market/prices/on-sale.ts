import type { Config } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import { marketAge } from './queries.ts'

/**
 * So many sessions may have passed since the newest prices, today's not counted, before nobody is sold anything: a week, in
 * which a source that broke can be mended. See “Prices” in docs/operating.md.
 */
export const mostSessionsBehind = 5

/**
 * Whether there are prices that people can be asked to pay for: not older than that. Invented ones count only where all are
 * invented, in a demo; a sample that was left on a real site is nothing to sell. True where CHECKOUT_REQUIRES_PRICES is off.
 */
export async function hasPricesToSell(sql: Sql, prices: Config['prices']): Promise<boolean> {
  if (!prices.requiredForCheckout) return true
  const { asOf, sample, daysBehind } = await marketAge(sql)
  return asOf !== null && daysBehind <= mostSessionsBehind && (prices.invented || !sample)
}

/** How long a process takes an answer for true, in milliseconds. */
const keepMs = 2_000

/** The same, asked for at most every two seconds by this process, for every dashboard says it. */
export function pricesToSell(sql: Sql, prices: Config['prices']): () => Promise<boolean> {
  let known: { answer: Promise<boolean>; until: number } | null = null
  return () => {
    if (known === null || known.until <= Date.now()) {
      const asked = { answer: hasPricesToSell(sql, prices), until: Date.now() + keepMs }
      known = asked
      asked.answer.catch(() => {
        if (known === asked) known = null
      })
    }
    return known.answer
  }
}

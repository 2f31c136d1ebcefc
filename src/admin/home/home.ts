import { marketAge } from '../../market/prices/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { dayInIndia } from '../days.ts'
import { dailyMetrics, type SubscriberCounts } from '../metrics/daily-metrics.ts'
import { type AttentionItem, attentionItems } from './attention.ts'
import type { MarketAge } from './market.ts'
import { dayBefore, type Period, periodOf } from './periods.ts'
import { daysShown, type Plot, plotsOf } from './plots.ts'
import { type Now, readNow } from './queries.ts'

export type Home = {
  now: Now
  needs: AttentionItem[]
  market: MarketAge
  standing: SubscriberCounts
  takenAt: Date
  /** The figures are older than two minutes: the job does not run. */
  isOld: boolean
  /** Nobody but the people of the house has an account yet. */
  isFresh: boolean
  periods: { today: Period; yesterday: Period; month: Period; thirty: Period }
  revenue: Plot
  people: Plot
  success: Plot
}

/** Everything the panel's first page says: what waits is read now, what is counted over everybody was counted before. */
export async function homeOf(sql: Sql, clock = new Date()): Promise<Home> {
  const [now, market, { takenAt, standing, days }] = await Promise.all([
    readNow(sql),
    marketAge(sql),
    dailyMetrics(sql, daysShown + 1),
  ])
  const today = dayInIndia(clock)
  return {
    now,
    needs: attentionItems(now, market),
    market,
    standing,
    takenAt,
    isOld: clock.getTime() - takenAt.getTime() > 120_000,
    isFresh: days.every(({ registered, paid }) => registered + paid === 0) && standing.payers === 0,
    periods: {
      today: periodOf('Today', days, today, today),
      yesterday: periodOf('Yesterday', days, dayBefore(today, 1), dayBefore(today, 1)),
      month: periodOf('This month', days, `${today.slice(0, 8)}01`, today),
      thirty: periodOf('30 days', days, dayBefore(today, daysShown - 1), today),
    },
    ...plotsOf(days, today),
  }
}

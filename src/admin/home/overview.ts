import { isOnSale } from '../../billing/checkout/on-sale.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { marketAge } from '../../market/prices/queries.ts'
import { dayInIndia } from '../../platform/dates.ts'
import { dailyMetrics } from '../metrics/daily-metrics.ts'
import type { SubscriberCounts } from '../metrics/queries.ts'
import { type AttentionItem, attentionItems } from './attention.ts'
import { type DailyChart, dailyCharts, daysShown } from './daily-charts.ts'
import type { MarketAge } from './market-age.ts'
import { dayBefore, type Period, periodOf } from './periods.ts'
import { type Now, readNow } from './queries.ts'

/** What the panel's first page shows. */
export type Overview = {
  now: Now
  attention: AttentionItem[]
  market: MarketAge
  counts: SubscriberCounts
  takenAt: Date
  /** The counts are older than two minutes: their job does not run. */
  isOld: boolean
  /** Nobody but administrators has an account yet. */
  isFresh: boolean
  periods: { today: Period; yesterday: Period; month: Period; thirty: Period }
  charts: Record<'revenue' | 'people' | 'success', DailyChart>
}

/** Reads it: what waits as of now, what is counted over everybody as it was counted last. */
export async function readOverview(services: BillingServices, clock = new Date()): Promise<Overview> {
  const { sql } = services
  const [now, market, isOpen, { takenAt, counts, days }] = await Promise.all([
    readNow(sql),
    marketAge(sql),
    isOnSale(services),
    dailyMetrics(sql, daysShown + 1),
  ])
  const today = dayInIndia(clock)
  return {
    now,
    attention: attentionItems(now, market, isOpen),
    market,
    counts,
    takenAt,
    isOld: clock.getTime() - takenAt.getTime() > 120_000,
    isFresh: days.every(({ registered, paid }) => registered + paid === 0) && counts.payers === 0,
    periods: {
      today: periodOf('Today', days, today, today),
      yesterday: periodOf('Yesterday', days, dayBefore(today, 1), dayBefore(today, 1)),
      month: periodOf('This month', days, `${today.slice(0, 8)}01`, today),
      thirty: periodOf('30 days', days, dayBefore(today, daysShown - 1), today),
    },
    charts: dailyCharts(days, today),
  }
}

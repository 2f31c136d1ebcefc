import { rupees } from '../../platform/money.ts'
import { barChart, type Drawing, lineChart, shortNumber, shortRupees } from '../charts.ts'
import { count } from '../labels.ts'
import type { Day } from '../metrics/queries.ts'
import { percent, signed } from './labels.ts'
import { attemptSuccessOf, calendar, shortDay, successOf } from './periods.ts'

/** A chart with the numbers behind it, as _bars and _line want it. */
export type DailyChart = {
  id: string
  title: string
  caption: string
  chart: Drawing
  head: string[]
  rows: string[][]
}

export const daysShown = 30

/** What the last thirty days look like. Days before the first known one, the time before this business, stay empty. */
export function dailyCharts(days: readonly Day[], today: string): Record<'revenue' | 'people' | 'success', DailyChart> {
  const shown = calendar(days, today, daysShown)
  const first = shown.findIndex(({ metrics }) => metrics)
  const labels = shown.map(({ day }) => shortDay(day))
  /** The rows of a table, the newest day first; a day without metrics is not known. */
  const rows = (cells: (metrics: Day) => string[], width: number) =>
    shown
      .map(({ metrics }, index) => [
        labels[index]!,
        ...(metrics ? cells(metrics) : Array<string>(width).fill('not known')),
      ])
      .slice(first)
      .toReversed()
  const started = shown.map(({ metrics }) => (metrics ? metrics.joined + metrics.returned : null))
  return {
    revenue: {
      id: 'revenue',
      title: 'Revenue by day',
      caption: 'What was receipted goes up, what was credited back goes down. Prices include tax.',
      chart: barChart(
        shown.map(({ metrics }, index) => ({
          label: labels[index]!,
          up: metrics?.grossPaise ?? null,
          down: metrics?.refundedPaise ?? 0,
        })),
        { print: rupees, short: shortRupees, step: 100 },
      ),
      head: ['Day', 'Orders', 'Gross', 'Back', 'Net'],
      rows: rows(
        (day) => [
          count(day.paid),
          rupees(day.grossPaise),
          day.refundedPaise > 0 ? `−${rupees(day.refundedPaise)}` : '₹0',
          signed(day.grossPaise - day.refundedPaise),
        ],
        4,
      ),
    },
    people: {
      id: 'people',
      title: 'Subscribers gained and lost',
      caption: 'Up: new, or back after a while. Down: paid access ended and was not renewed within the grace days.',
      chart: barChart(
        shown.map(({ metrics }, index) => ({
          label: labels[index]!,
          up: started[index]!,
          down: metrics?.churned ?? 0,
        })),
        { print: count, short: shortNumber, step: 1 },
      ),
      head: ['Day', 'New', 'Came back', 'Left', 'Accounts created'],
      rows: rows((day) => [count(day.joined), count(day.returned), count(day.churned), count(day.registered)], 4),
    },
    success: {
      id: 'success',
      title: 'Orders that succeed',
      caption:
        'Of the orders opened on the day that somebody tried to pay, the share that was paid, at whichever attempt.',
      chart: lineChart(
        shown.map(({ metrics }, index) => ({ label: labels[index]!, value: metrics && successOf(metrics) })),
        { top: 1, print: percent, short: percent, step: 0.5 },
      ),
      head: ['Day', 'Orders tried', 'Paid', 'Share', 'Attempts', 'Share of attempts'],
      rows: rows(
        (day) => [
          count(day.ordersTried),
          count(day.ordersSucceeded),
          percent(successOf(day)),
          count(day.attemptsPaid + day.attemptsFailed),
          percent(attemptSuccessOf(day)),
        ],
        5,
      ),
    },
  }
}

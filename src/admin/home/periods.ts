import type { Day } from '../metrics/queries.ts'

/** Days added up; `missing` counts those of the stretch that were not computed yet. */
export type Period = Omit<Day, 'day' | 'failures'> & {
  title: string
  failures: Record<string, number>
  missing: number
}

const dayMs = 86_400_000
const sums = [
  'registered', 'opened', 'paid', 'grossPaise', 'refunds', 'refundedPaise', 'ordersTried', 'ordersSucceeded',
  'attemptsPaid', 'attemptsFailed', 'joined', 'returned', 'churned', 'rescued', 'rescuedPaise', 'disputed', 'disputedPaise',
  'lost', 'lostPaise',
] as const // biome-ignore format: a list of names

/** So many Indian days up to and with `today`, the oldest first; null in the place of a day that has no metrics. */
export function calendar(days: readonly Day[], today: string, count: number): { day: string; metrics: Day | null }[] {
  const known = new Map(days.map((metrics) => [metrics.day, metrics]))
  return Array.from({ length: count }, (_, index) => {
    const day = dayBefore(today, count - 1 - index)
    return { day, metrics: known.get(day) ?? null }
  })
}

/** Everything from one day to another added up. Days before the first known one are the time before this business. */
export function periodOf(title: string, days: readonly Day[], from: string, to: string): Period {
  const within = days.filter(({ day }) => day >= from && day <= to)
  const started = days[0]?.day ?? to
  const expected = (Date.parse(to) - Math.max(Date.parse(from), Date.parse(started))) / dayMs + 1
  const zero = Object.fromEntries(sums.map((name) => [name, 0])) as Omit<Period, 'title' | 'failures' | 'missing'>
  const period: Period = { ...zero, title, failures: {}, missing: Math.max(0, expected - within.length) }
  for (const day of within) {
    for (const name of sums) period[name] += day[name]
    for (const [group, count] of Object.entries(day.failures))
      period.failures[group] = (period.failures[group] ?? 0) + count
  }
  return period
}

/** The share of orders somebody tried to pay that were paid in the end, 0 to 1; null where none ended. */
export function successOf({
  ordersTried,
  ordersSucceeded,
}: Pick<Day, 'ordersTried' | 'ordersSucceeded'>): number | null {
  return ordersTried === 0 ? null : ordersSucceeded / ordersTried
}

/** The share of attempts that ended in payment, 0 to 1; null where none ended. */
export function attemptSuccessOf({
  attemptsPaid,
  attemptsFailed,
}: Pick<Day, 'attemptsPaid' | 'attemptsFailed'>): number | null {
  const ended = attemptsPaid + attemptsFailed
  return ended === 0 ? null : attemptsPaid / ended
}

/** "2026-11-20" so many days earlier. */
export function dayBefore(day: string, count: number): string {
  return new Date(Date.parse(day) - count * dayMs).toISOString().slice(0, 10)
}

/** "20 Nov": a day on a scale or in a table whose year is plain. */
export function shortDay(day: string): string {
  return new Date(`${day}T12:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
}

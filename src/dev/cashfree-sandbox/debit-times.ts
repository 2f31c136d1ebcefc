import { istTime } from './clock.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Hours of a day in India in which NPCI lets UPI mandates be debited, since 1 August 2025. */
const WINDOWS = [
  { from: 0, to: 10 },
  { from: 13, to: 17 },
  { from: 21.5, to: 24 },
]

/** The day in India of a moment, yyyy-mm-dd. */
function istDate(moment: number): string {
  return istTime(moment).slice(0, 10)
}

/** The day of a `payment_schedule_date`: only its day in India counts. Null when it is no date. */
export function scheduledDay(text: string): string | null {
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00+05:30` : text
  const moment = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(whole) ? whole : `${whole}+05:30`)
  return Number.isNaN(moment) ? null : istDate(moment)
}

/** Why Cashfree takes no UPI charge for that day now; null when it does. */
export function scheduleRefusal(now: number, day: string): string | null {
  const today = midnight(istDate(now))
  const daysAhead = (midnight(day) - today) / DAY_MS
  if (daysAhead < 1) return 'should be tomorrow at the earliest.'
  if (daysAhead === 1 && now - today >= 21 * HOUR_MS) return 'of tomorrow is taken until 21:00 IST.'
  return daysAhead > 14 ? 'should be at most 14 days ahead.' : null
}

/** The first moment of that day, `from` or later, at which a debit may run; null when none is left. */
export function nextDebitTime(from: number, day: string): number | null {
  const start = midnight(day)
  for (const window of WINDOWS) {
    const moment = Math.max(from, start + window.from * HOUR_MS)
    if (moment < start + window.to * HOUR_MS) return moment
  }
  return null
}

function midnight(day: string): number {
  return Date.parse(`${day}T00:00:00+05:30`)
}

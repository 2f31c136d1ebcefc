/** The rules of periods and money in plain arithmetic, to compare SQL with: instants in milliseconds, Indian time is UTC and 5½ hours. */

const dayMs = 86_400_000
const indiaMs = 5.5 * 3_600_000
export const graceMs = 3 * dayMs

/** What decides about somebody's next period, as it was read before an act. */
export type BeforeAct = {
  now: number
  end: number | null
  hasAccess: boolean
  anchorDay: number | null
}

const inIndia = (at: number) => new Date(at + indiaMs)
const daysIn = (year: number, month: number) => new Date(Date.UTC(year, month + 1, 0)).getUTCDate()

/** The Indian day of the month of an instant. */
export function dayOf(at: number): number {
  return inIndia(at).getUTCDate()
}

/** Indian midnights between two instants. */
function daysBetween(from: number, until: number): number {
  return Math.floor((until + indiaMs) / dayMs) - Math.floor((from + indiaMs) / dayMs)
}

/** So many months later on the anchor day, or the month's last where it is shorter, at the same time of the day. */
export function monthsLater(from: number, months: number, anchorDay: number): number {
  const here = inIndia(from)
  const month = here.getUTCMonth() + months
  const [year, of] = [here.getUTCFullYear() + Math.floor(month / 12), ((month % 12) + 12) % 12]
  const day = Math.min(anchorDay, daysIn(year, of))
  return Date.UTC(year, of, day) + ((from + indiaMs) % dayMs) - indiaMs
}

/** What so many months bought now give: from the end of the access that runs, grace included, else from now. */
export function nextPeriod({ now, end, hasAccess, anchorDay }: BeforeAct, months: number) {
  const from = hasAccess ? end! : now
  const fits = hasAccess && anchorDay !== null && Math.min(anchorDay, daysInMonthOf(from)) === dayOf(from)
  const anchor = fits ? anchorDay! : dayOf(from)
  return { from, until: monthsLater(from, months, anchor), anchorDay: anchor }
}

function daysInMonthOf(at: number): number {
  const here = inIndia(at)
  return daysIn(here.getUTCFullYear(), here.getUTCMonth())
}

/** A period of somebody's, given or bought. */
export type Period = {
  id: string
  orderId: string | null
  plan: string | null
  planKey: string | null
  start: number
  end: number
  created: number
  voided: number | null
  switchedTo: string | null
}

const sum = (all: readonly number[]) => all.reduce((total, one) => total + one, 0)
const runs = ({ start, end }: Period, now: number) => start <= now && end > now

/** Where a year by a switch leaves the end: it starts after what runs and is not replaced, and what was to come follows it. */
export function endAfterSwitch(before: BeforeAct & { periods: Period[] }, replaced: string[]) {
  const kept = before.periods.filter(
    ({ id, voided, end }) => voided === null && !(replaced.includes(id) && end > before.now),
  )
  const running = kept.filter((period) => runs(period, before.now)).map(({ end }) => end)
  const start =
    running.length > 0 ? Math.max(...running) : before.hasAccess && before.end! <= before.now ? before.end! : before.now
  const coming = kept.filter((period) => period.start >= start).map(({ start: from, end }) => end - from)
  return { until: monthsLater(start, 12, dayOf(start)) + sum(coming), anchorDay: dayOf(start) }
}

/**
 * Where it leaves the end that a period's whole price went back: what comes after it moves forward by what was unused. What a
 * switch had replaced counts again with its unused days, unless something else runs by then. Null: nothing is left.
 */
export function endAfterRefund(
  { now, end, periods }: BeforeAct & { periods: Period[] },
  period: Period,
  isSwitch: boolean,
) {
  if (period.voided !== null) return end
  const gap = period.end - Math.max(period.start, Math.min(now, period.end))
  const left = periods
    .filter(({ id, voided }) => voided === null && id !== period.id)
    .map((one) => (one.start >= period.end ? { ...one, start: one.start - gap, end: one.end - gap } : one))
  const back = isSwitch ? periods.filter(({ switchedTo }) => switchedTo === period.orderId) : []
  const running = left.filter((one) => one.start < now && one.end > now).map((one) => one.end)
  const blocked = running.length > 0 && back.some((one) => one.start < one.voided!)
  const place = running.length > 0 ? Math.max(...running) : now
  const unused = blocked ? 0 : sum(back.map((one) => one.end - Math.max(one.start, one.voided!)))
  const ends = left.map((one) => (unused > 0 && one.start >= place ? one.end + unused : one.end))
  const last = Math.max(...ends, unused > 0 ? place + unused : 0)
  return last > now ? last : null
}

/** A period of an order, with what was paid for it and is still here and unused. */
export type Credited = { start: number; end: number; leftPaise: number }

/** What a switch credits of a period: the share of its unused Indian days, rounded down. */
export function creditOf({ start, end, leftPaise }: Credited, now: number): number {
  const unused = daysBetween(Math.max(start, now), end)
  return end <= now || unused <= 0 ? 0 : Math.floor((leftPaise * unused) / daysBetween(start, end))
}

/** A coupon's discount: its percent rounded half up to the paisa, or its amount; at least a rupee is left to pay. */
export function discountOf(coupon: { percent?: number; amountPaise?: number }, pricePaise: number): number {
  const off = coupon.amountPaise ?? Math.round((pricePaise * coupon.percent!) / 100)
  return Math.max(0, Math.min(off, pricePaise - 100))
}

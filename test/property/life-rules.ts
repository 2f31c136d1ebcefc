/** The rules of periods in plain arithmetic, to compare SQL with: instants in milliseconds, Indian time is UTC and 5½ hours. */

const dayMs = 86_400_000
const indiaMs = 5.5 * 3_600_000

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
function dayOf(at: number): number {
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

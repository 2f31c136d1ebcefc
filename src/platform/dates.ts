const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
/** January first. */
export const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const time = new Intl.DateTimeFormat('en-IN', {
  timeZone: 'Asia/Kolkata',
  hour: 'numeric',
  minute: '2-digit',
  hour12: true,
})

/** "Fri, 20 Nov 2026": the Indian day an instant falls on. */
export function dateInIndia(instant: Date): string {
  const there = shiftedToIndia(instant)
  return `${weekdays[there.getUTCDay()]}, ${there.getUTCDate()} ${monthInIndia(instant)}`
}

/** "Nov 2026": the Indian month an instant falls in. */
export function monthInIndia(instant: Date): string {
  const there = shiftedToIndia(instant)
  return `${monthNames[there.getUTCMonth()]} ${there.getUTCFullYear()}`
}

/** "Fri, 20 Nov 2026, 8:05 pm IST". */
export function dateTimeInIndia(instant: Date): string {
  return `${dateInIndia(instant)}, ${time.format(instant).toLowerCase().replace(' ', ' ')} IST`
}

/** How long to wait, for a sentence: "1 second", "45 seconds", "15 minutes" (rounded up). */
export function waitLabel(seconds: number): string {
  const [count, unit] = seconds <= 90 ? [Math.ceil(seconds), 'second'] : [Math.ceil(seconds / 60), 'minute']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** The instant another system wrote down, as ISO text a database will take; null for text that is no time of this age. */
export function instantIn(text: unknown): string | null {
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN
  const year = new Date(ms).getUTCFullYear()
  return year >= 2000 && year < 2200 ? new Date(ms).toISOString() : null
}

/** "2026-11-20": the Indian day of an instant, as date fields and file names write it. */
export function dayInIndia(instant: Date): string {
  return isoInIndia(instant).slice(0, 10)
}

/** Midnight in India at which a day of this age begins, as a date field posts it ("2026-11-20"); null where it is none. */
export function midnightInIndia(day: string): Date | null {
  const midnight = new Date(`${day}T00:00:00+05:30`)
  // 31 February parses as a day of March: only what reads as it was typed is a day.
  return /^2\d{3}-\d\d-\d\d$/.test(day) && !Number.isNaN(midnight.getTime()) && dayInIndia(midnight) === day
    ? midnight
    : null
}

/** An instant as Cashfree writes it: ISO-8601 to the second with the literal offset +05:30. */
export function isoInIndia(instant: Date): string {
  return `${shiftedToIndia(instant).toISOString().slice(0, 19)}+05:30`
}

/** The instant whose UTC fields read as India's clock does at the given one; India has known no summer time since 1945. */
function shiftedToIndia(instant: Date): Date {
  return new Date(instant.getTime() + 330 * 60_000)
}

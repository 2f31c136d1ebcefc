const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `3 min ago`, `in 29 days`, `now`. */
export function ago(moment: number, now: number): string {
  const distance = Math.abs(moment - now)
  if (distance < 1_000) return 'now'
  return moment > now ? `in ${span(distance)}` : `${span(distance)} ago`
}

/** `45 s`, `3 min`, `5 h`, `2 days`. */
export function span(ms: number): string {
  if (ms < MINUTE) return `${Math.round(ms / 1000)} s`
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`
  return `${Math.round(ms / DAY)} days`
}

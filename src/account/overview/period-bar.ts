import type { PeriodRow } from './queries.ts'

/** What a stretch of the bar stands for. */
export type StretchKind = 'past' | 'now' | 'ahead' | 'grace' | 'voided'

/** The bar of somebody's periods, laid out on a width of 1,000 units. `today` is null where now lies outside. */
export type PeriodBar = {
  width: number
  height: number
  from: Date
  to: Date
  stretches: { kind: StretchKind; x: number; width: number }[]
  today: number | null
}

const width = 1000
const height = 36

/**
 * Lays out periods from the first to the last, grace included (until `graceEndsAt`), true to scale. A period that was ended early is drawn as
 * far as it was enjoyed, and empty for the rest. Null without periods.
 */
export function periodBar(periods: readonly PeriodRow[], graceEndsAt: Date | null, now: Date): PeriodBar | null {
  if (periods.length === 0) return null
  const counted = periods.filter((period) => !period.voidedAt)
  const lastEnd = Math.max(0, ...counted.map((period) => period.endsAt.getTime()))
  const graceEnd = Math.max(lastEnd, lastEnd === 0 ? 0 : (graceEndsAt?.getTime() ?? 0))
  const from = Math.min(...periods.map((period) => period.startsAt.getTime()))
  const to = Math.max(graceEnd, ...periods.map((period) => period.endsAt.getTime()))
  const at = (instant: number) => Math.round(((instant - from) / (to - from)) * width * 10) / 10
  const stretch = (kind: StretchKind, start: number, end: number) => ({
    kind,
    x: at(start),
    width: at(end) - at(start),
  })
  const stretches = periods.flatMap((period) => {
    const [start, end] = [period.startsAt.getTime(), period.endsAt.getTime()]
    if (!period.voidedAt) return [stretch(kindOf(start, end, now.getTime()), start, end)]
    const ended = Math.min(end, Math.max(start, period.voidedAt.getTime()))
    return [stretch('past', start, ended), stretch('voided', ended, end)]
  })
  if (lastEnd > 0) stretches.push(stretch('grace', lastEnd, graceEnd))
  const isInside = now.getTime() >= from && now.getTime() <= to
  return {
    width,
    height,
    from: new Date(from),
    to: new Date(to),
    stretches: stretches.filter((one) => one.width > 0),
    today: isInside ? at(now.getTime()) : null,
  }
}

function kindOf(start: number, end: number, now: number): StretchKind {
  if (end <= now) return 'past'
  return start > now ? 'ahead' : 'now'
}

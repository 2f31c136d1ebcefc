import type { Day } from '../calendar/days.ts'
import { dailyBars } from '../engine/bars.ts'
import { closesOn, frameOf } from '../engine/frame.ts'
import { cachedAnalysis, type Market } from '../engine/market.ts'
import type { Quadrant } from '../engine/quadrants.ts'
import { fromYearHigh } from '../engine/returns.ts'
import { universes } from '../instruments/queries.ts'

/** Where an instrument stood after a session, as far as changes are told of it. Null wherever its prices do not reach. */
export type SectorState = {
  symbol: string
  /** By formula B only: a provisional reading by C swings about more, and turning from one to the other is no movement. */
  quadrant: Quadrant | null
  ratio: number | null
  momentum: number | null
  /** By RS score among its universe; 1 is the strongest. */
  rank: number | null
  /** In percent. */
  mansfield: number | null
  /** The RS line, 100 × close ÷ benchmark, on the day. */
  rs: number | null
  /** Whether that is its highest on any day of the last 52 weeks. */
  isHigh: boolean | null
}

/** Whose readings: those of the weekly map as it stood after the session, its week perhaps not over, or of the daily one. */
export type ChangeStep = 'week' | 'day'

const known = new WeakMap<Market, Map<string, SectorState[]>>()

/** Where all that is followed stood after a session, by symbol; computed once. Null where the benchmark has no price of that day. */
export function standingsAt(market: Market, step: ChangeStep, day: Day): SectorState[] | null {
  if (!market.benchmark?.prices.has(day)) return null
  const kept = known.get(market) ?? new Map<string, SectorState[]>()
  known.set(market, kept)
  const standings = kept.get(`${step} ${day}`) ?? compute(market, step, day)
  kept.set(`${step} ${day}`, standings)
  return standings
}

function compute(market: Market, step: ChangeStep, day: Day): SectorState[] {
  const highs = highsAt(market, day)
  return universes
    .flatMap((universe) => cachedAnalysis(market, { step, at: day, tail: 1, universe })?.sectors ?? [])
    .map((one): SectorState => {
      const now = one.provisional === null ? one.tail.at(-1) : undefined
      return {
        symbol: one.symbol,
        quadrant: now ? one.quadrant : null,
        ratio: now?.ratio ?? null,
        momentum: now?.momentum ?? null,
        rank: one.rank,
        mansfield: one.mansfield,
        ...(one.rs === null ? { rs: null, isHigh: null } : highs.get(one.symbol)!),
      }
    })
    .sort((a, b) => (a.symbol < b.symbol ? -1 : 1))
}

/** The RS line of daily closes on a day, and whether it is at its highest of 52 weeks: the same on the weekly and the daily map. */
function highsAt({ benchmark, shown, calendar }: Market, day: Day): Map<string, Pick<SectorState, 'rs' | 'isHigh'>> {
  const frame = frameOf(benchmark!.prices, calendar, day, { weeks: 54 })!
  return new Map(
    shown.map(({ symbol, prices }) => {
      const { rs } = dailyBars(frame, closesOn(frame.days, prices))
      const under = fromYearHigh(frame, rs)
      return [symbol, { rs: rs.at(-1) ?? null, isHigh: under === null ? null : under === 0 }]
    }),
  )
}

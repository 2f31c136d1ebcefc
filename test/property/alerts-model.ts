import { daysAfter } from '../../src/market/calendar/days.ts'
import { analyse } from '../../src/market/engine/analysis.ts'
import type { Market } from '../../src/market/engine/market.ts'

/** What a listener wants; `sectors` are those they starred or chose. */
export type Wish = {
  isOn: boolean
  step: 'week' | 'day'
  scope: 'all' | 'starred' | 'chosen'
  quadrant: boolean
  top: number | null
  mansfield: boolean
  high: boolean
}
type Snapshot = { key: string; issue: string; at: Map<string, Stand> }
type Stand = { quadrant: string | null; rank: number | null; mansfield: number | null; isHigh: boolean | null }
export type Digest = {
  changes: string[]
  status: 'queued' | 'sent' | 'skipped'
  step: Wish['step']
  from: Snapshot
  to: string
}
export type Listener = {
  wish: Wish
  stars: Set<string>
  chosen: string[]
  isReader: boolean
  isQuiet: boolean
  known: Snapshot | null
  digests: Map<string, Digest>
}

/** Where everything stood after a session, put together without the product's own code of changes. */
function snapshotOf(market: Market, step: Wish['step'], issue: string): Snapshot | null {
  const benchmark = market.benchmark!.prices
  if (!benchmark.has(issue)) return null
  const analysis = analyse(benchmark, market.sectors, { step, at: issue, tail: 1, calendar: market.calendar })!
  const yearAgo = daysAfter(issue, -364)
  const sessions = [...benchmark.keys()].filter((day) => day <= issue)
  const start = sessions
    .filter((day) => day <= yearAgo)
    .sort()
    .at(-1)!
  const year = sessions.filter((day) => day > start)
  const at = new Map(
    analysis.sectors.map((one): [string, Stand] => {
      const { prices } = market.sectors.find(({ symbol }) => symbol === one.symbol)!
      const rs = (day: string) => (100 * prices.get(day)!) / benchmark.get(day)!
      const isHigh = year.every((day) => rs(day) <= rs(issue))
      const quadrant = one.formula === 'B/2' ? one.quadrant : null
      return [one.symbol, { quadrant, rank: one.rank, mansfield: one.mansfield, isHigh }]
    }),
  )
  const key = JSON.stringify([
    issue,
    step,
    [...at].sort(),
    analysis.sectors.map(({ symbol, rs, tail }) => [symbol, rs, tail]).sort(),
  ])
  return { key, issue, at }
}

/** One pass of the job over everybody, for the newest session, which may be told of. */
export function tellAll(people: readonly Listener[], market: Market, issue: string): void {
  for (const one of people) {
    if (!one.wish.isOn || one.isQuiet || (one.known && one.known.issue >= issue)) continue
    const now = snapshotOf(market, one.wish.step, issue)!
    const last = one.known && one.digests.get(one.known.issue)
    const base = last && last.status === 'skipped' && last.to === one.known!.key ? last.from : one.known
    const changes = base ? changesOf(base, now, one, market) : []
    if (one.isReader && changes.length > 0 && !one.digests.has(issue))
      one.digests.set(issue, { changes, status: 'queued', step: one.wish.step, from: base!, to: now.key })
    one.known = now
  }
}

/** One pass of the delivery: what is no longer so is not sent. */
export function deliverAll(people: readonly Listener[], market: Market): void {
  for (const one of people)
    for (const [issue, digest] of one.digests) {
      if (digest.status !== 'queued') continue
      const isSo = snapshotOf(market, digest.step, issue)?.key === digest.to
      digest.status = isSo && one.wish.isOn && one.isReader ? 'sent' : 'skipped'
    }
}

function changesOf(before: Snapshot, now: Snapshot, { wish, stars, chosen }: Listener, market: Market): string[] {
  const wanted = { all: market.sectors.map(({ symbol }) => symbol), starred: [...stars], chosen }[wish.scope]
  const changes: string[] = []
  for (const symbol of wanted) {
    const [a, b] = [before.at.get(symbol), now.at.get(symbol)]
    if (!a || !b) continue
    if (wish.quadrant && a.quadrant && b.quadrant && a.quadrant !== b.quadrant)
      changes.push(`${symbol} quadrant ${a.quadrant} ${b.quadrant}`)
    if (wish.top && a.rank && b.rank && a.rank > wish.top && b.rank <= wish.top)
      changes.push(`${symbol} rank ${a.rank} ${b.rank}`)
    if (wish.top && a.rank && b.rank && a.rank <= wish.top && b.rank > wish.top)
      changes.push(`${symbol} rank ${a.rank} ${b.rank}`)
    if (
      wish.mansfield &&
      a.mansfield !== null &&
      b.mansfield !== null &&
      Math.sign(a.mansfield + 1e-300) !== Math.sign(b.mansfield + 1e-300)
    )
      changes.push(`${symbol} mansfield ${a.mansfield} ${b.mansfield}`)
    if (wish.high && !a.isHigh && b.isHigh) changes.push(`${symbol} high`)
  }
  return changes.sort()
}

import type { Horizon, Outcomes } from './outcomes.ts'

/**
 * How the excess returns of some entries are spread, in percentage points after costs. Of `count` entries only `apart` can be
 * laid side by side without overlapping in time. Quartiles are interpolated between neighbours. `above`: the share above zero,
 * from 0 to 1. `open`: entries whose weeks are not over; they count in nothing else.
 */
export type Spread = { count: number; apart: number; open: number; missing: number; figures: Figures | null }
type Figures = { median: number; lower: number; upper: number; worst: number; best: number; above: number }

/** The excess returns of some entries over one horizon before costs, the lowest first, and what counts in none of them. */
export type Excesses = Pick<Spread, 'apart' | 'open' | 'missing'> & { sorted: readonly number[] }

/** The spread over one horizon; `cost`: what buying and selling costs together, in percent, taken off every entry once. */
export function spreadOf(entries: readonly { outcomes: Outcomes }[], horizon: Horizon, cost: number): Spread {
  return spreadAfter(excessesOf(entries, horizon), cost)
}

/** What the spread over one horizon is made of, whatever the costs. */
export function excessesOf(entries: readonly { outcomes: Outcomes }[], horizon: Horizon): Excesses {
  const outcomes = entries.map((entry) => entry.outcomes[horizon])
  const closed = outcomes.filter((one) => one.state === 'closed')
  return {
    sorted: closed.map(({ excess }) => excess).sort((a, b) => a - b),
    apart: countApart(closed),
    open: outcomes.filter(({ state }) => state === 'open').length,
    missing: outcomes.filter(({ state }) => state === 'missing').length,
  }
}

/** The spread of these after costs, as `spreadOf` has it. */
export function spreadAfter({ sorted: before, ...counts }: Excesses, cost: number): Spread {
  const sorted = before.map((excess) => excess - cost)
  return {
    ...counts,
    count: sorted.length,
    figures:
      sorted.length === 0
        ? null
        : {
            median: quantile(sorted, 0.5),
            lower: quantile(sorted, 0.25),
            upper: quantile(sorted, 0.75),
            worst: sorted[0]!,
            best: sorted.at(-1)!,
            above: sorted.filter((value) => value > 0).length / sorted.length,
          },
  }
}

/** The most windows that can be chosen so that none begins before the one before it has ended: always the one that ends next. */
function countApart(windows: readonly { from: string; to: string }[]): number {
  let [count, end] = [0, '']
  for (const { from, to } of windows.toSorted((a, b) => (a.to < b.to ? -1 : a.to > b.to ? 1 : 0))) {
    if (from < end) continue
    count++
    end = to
  }
  return count
}

function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!]
  return low + (place - below) * (high - low)
}

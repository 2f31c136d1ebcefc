import { type Quadrant, quadrantOf } from '../engine/quadrants.ts'
import type { Box } from './labels.ts'
import { type MapScale, type Position, placeIn, round1 } from './map-scale.ts'

/** A straight piece of a tail within one quadrant. `opacity`, from 0 to 1, fades towards the past. */
export type Leg = { path: string; quadrant: Quadrant; opacity: number }

/**
 * The tail through these readings, oldest first: straight from each to the next, for nothing is known of what lies between.
 * A leg is split exactly where it crosses an axis, and what is beyond the plot is left out.
 */
export function legsThrough(readings: readonly Position[], scale: MapScale): Leg[] {
  const place = placeIn(scale)
  const count = readings.length - 1
  return readings.slice(1).flatMap((to, leg) => {
    const from = readings[leg]!
    const opacity = Math.round((0.3 + (0.7 * (leg + 1)) / count) * 100) / 100
    return piecesOf(from, to, boundsOf(scale)).map(({ start, end, quadrant }) => {
      const [a, b] = [place(start), place(end)]
      return { path: `M${a.x} ${a.y}L${b.x} ${b.y}`, quadrant, opacity }
    })
  })
}

type Bounds = { ratio: readonly [number, number]; momentum: readonly [number, number] }

/** The readings at the plot's edges. */
function boundsOf({ plot, centre, unit }: MapScale): Bounds {
  return {
    ratio: [100 + (plot.left - centre.x) / unit.x, 100 + (plot.right - centre.x) / unit.x],
    momentum: [100 - (plot.bottom - centre.y) / unit.y, 100 - (plot.top - centre.y) / unit.y],
  }
}

/** The pieces of a line between two readings that lie in one quadrant each, and within the bounds. */
export function piecesOf(from: Position, to: Position, bounds: Bounds) {
  const at = (share: number): Position => ({
    ratio: from.ratio + (to.ratio - from.ratio) * share,
    momentum: from.momentum + (to.momentum - from.momentum) * share,
  })
  const crossings = (['ratio', 'momentum'] as const).flatMap((axis) =>
    [100, ...bounds[axis]].map((value) => (value - from[axis]) / (to[axis] - from[axis])),
  )
  const cuts = [0, ...crossings.filter((share) => share > 0 && share < 1).sort((a, b) => a - b), 1]
  return cuts.slice(1).flatMap((end, i) => {
    const start = cuts[i]!
    const middle = at((start + end) / 2)
    const isIn = (['ratio', 'momentum'] as const).every(
      (axis) => middle[axis] >= bounds[axis][0] && middle[axis] <= bounds[axis][1],
    )
    return end > start && isIn ? [{ start: at(start), end: at(end), quadrant: quadrantOf(middle) }] : []
  })
}

/** Whether a place is within the plot, with a tenth of a unit for rounding. */
export function isWithin({ x, y }: { x: number; y: number }, plot: Box): boolean {
  const lenient = 0.1
  return (
    round1(x) >= plot.left - lenient &&
    round1(x) <= plot.right + lenient &&
    round1(y) >= plot.top - lenient &&
    round1(y) <= plot.bottom + lenient
  )
}

import type { Reading } from '../engine/analysis.ts'
import type { Quadrant } from '../engine/quadrants.ts'
import type { Box, Spot } from './labels.ts'

export type Position = Pick<Reading, 'ratio' | 'momentum'>

/** How positions become places. Lengths are SVG user units, origin at the top left. */
export type MapScale = {
  /** The edges of what is drawn; the ticks' texts are outside them. */
  plot: Box
  /** Where both readings are 100: the middle, or a corner of the plot when one quarter is shown alone. */
  centre: Spot
  /** Units per point. */
  unit: { x: number; y: number }
  ticks: (Spot & { axis: 'ratio' | 'momentum'; text: string })[]
}

export const size = { width: 440, height: 424 } as const
const edges = { right: size.width - 2, top: 24, bottom: size.height - 38 }

/**
 * The scale in which the furthest of these readings is well inside; it covers at least two points on each side of 100. Its reach
 * is a multiple of half a point, so that most weeks are drawn like the weeks before and after. With `zoom` one quarter fills the
 * drawing, and the scale fits the readings in it.
 */
export function scaleOf(readings: readonly Position[], zoom: Quadrant | null): MapScale {
  const reachOf = (of: (reading: Position) => number) => {
    const furthest = readings.reduce((reach, reading) => Math.max(reach, Math.abs(of(reading) - 100)), 0)
    return zoom === null ? roundedUp(furthest, 0.5, 2) : roundedUp(furthest, 0.2, 0.6)
  }
  const reach = { ratio: reachOf((one) => one.ratio), momentum: reachOf((one) => one.momentum) }
  const [isRight, isTop] = sidesOf(zoom)
  const ratios = tickValues(reach.ratio).filter((value) => isOn(value, isRight))
  const momenta = tickValues(reach.momentum).filter((value) => isOn(value, isTop))
  // Room for the longest text at a phone's size, in a wide typeface.
  const plot = { ...edges, left: round1(6 + 9.8 * Math.max(...momenta.map((value) => String(value).length))) }
  const whole = { width: plot.right - plot.left, height: plot.bottom - plot.top }
  const shares = zoom === null ? 2 : 1
  const unit = { x: whole.width / (shares * reach.ratio), y: whole.height / (shares * reach.momentum) }
  const centre = {
    x: isRight === null ? plot.left + whole.width / 2 : isRight ? plot.left : plot.right,
    y: isTop === null ? plot.top + whole.height / 2 : isTop ? plot.bottom : plot.top,
  }
  const place = placeIn({ centre, unit })
  // 100 stands at an edge of a quarter that is shown alone: its text stays in the drawing, and clear of the other axis.
  const inside = (x: number, text: string) => {
    const half = 4.9 * text.length
    return round1(Math.min(Math.max(x, plot.left + (isRight ? half : 0)), size.width - half))
  }
  return {
    plot,
    centre,
    unit,
    ticks: [
      ...ratios.map((value) => ({
        axis: 'ratio' as const,
        text: String(value),
        x: inside(place({ ratio: value, momentum: 100 }).x, String(value)),
        y: plot.bottom + 15,
      })),
      ...momenta.map((value) => ({
        axis: 'momentum' as const,
        text: String(value),
        x: plot.left - 4,
        y: place({ ratio: 100, momentum: value }).y + 5,
      })),
    ],
  }
}

/** Where a position is drawn, to a tenth of a unit. */
export function placeIn({ centre, unit }: Pick<MapScale, 'centre' | 'unit'>): (position: Position) => Spot {
  return ({ ratio, momentum }) => ({
    x: round1(centre.x + (ratio - 100) * unit.x),
    y: round1(centre.y - (momentum - 100) * unit.y),
  })
}

/** Whether a quarter is right of 100, and above it; null for the whole map. */
function sidesOf(zoom: Quadrant | null): [isRight: boolean | null, isTop: boolean | null] {
  if (zoom === null) return [null, null]
  return [zoom === 'leading' || zoom === 'weakening', zoom === 'leading' || zoom === 'improving']
}

function isOn(value: number, upper: boolean | null): boolean {
  return upper === null || (upper ? value >= 100 : value <= 100)
}

function roundedUp(furthest: number, step: number, least: number): number {
  return Math.max(least, Math.ceil((furthest * 1.06) / step) * step)
}

/** Round values on both sides of 100, three at most on each, and 100 itself; none at the very edge. */
function tickValues(reach: number): number[] {
  const decade = 10 ** Math.floor(Math.log10(reach / 4))
  const step = [1, 2, 5, 10].map((one) => one * decade).find((one) => reach / one < 4)!
  const count = Math.floor((reach * 0.95) / step)
  return Array.from({ length: 2 * count + 1 }, (_, i) => Number((100 + (i - count) * step).toFixed(1)))
}

export const round1 = (value: number) => Math.round(value * 10) / 10

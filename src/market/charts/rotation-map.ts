import type { Analysis, Reading, SectorRank } from '../engine/analysis.ts'
import { quadrantMeanings } from '../engine/meanings.ts'
import { type Quadrant, quadrantOf } from '../engine/quadrants.ts'
import { type Box, boxOf, type Label, type Placed, placeLabels, type Spot } from './labels.ts'

/** An instrument placed on the map. Lengths are SVG user units, origin at the top left. */
type MapPoint = Spot & {
  symbol: string
  name: string
  rank: number | null
  quadrant: Quadrant
  now: Reading
  /** By formula C: drawn dashed. */
  isProvisional: boolean
  /** An arrow towards a reading that lies beyond the edge it is drawn at; '' where it is drawn where it is. */
  beyond: string
  carried: number
  /** The tail's legs as SVG paths, oldest first, each with its own opacity (0 to 1). */
  tail: { path: string; opacity: number }[]
  /** Outline of the head: a triangle that points with the quadrant. */
  head: string
  /** Null where the name found no room. */
  place: Placed
}

/** The map as it is drawn. `centre` is where both readings are 100; `zones` are the quarters in reading order. */
export type RotationMap = {
  width: number
  height: number
  centre: Spot
  zones: (Spot & { quadrant: Quadrant; width: number; height: number; label: Label })[]
  ticks: (Spot & { axis: 'ratio' | 'momentum'; text: string })[]
  /** The strongest first. */
  points: MapPoint[]
  quadrants: typeof quadrantLabels
}

/** `meaning` is relative to the sector's own past: a leading sector can still have done worse than the Nifty. */
export const quadrantLabels: Record<Quadrant, { title: string; mark: string; meaning: string }> = {
  leading: { title: 'Leading', mark: '▲', meaning: quadrantMeanings.leading },
  weakening: { title: 'Weakening', mark: '◣', meaning: quadrantMeanings.weakening },
  lagging: { title: 'Lagging', mark: '▼', meaning: quadrantMeanings.lagging },
  improving: { title: 'Improving', mark: '◥', meaning: quadrantMeanings.improving },
}

const width = 440
const height = 420
const frame: Box = { left: 30, right: width - 2, top: 22, bottom: height - 32 }
const centre: Spot = { x: (frame.left + frame.right) / 2, y: (frame.top + frame.bottom) / 2 }
/** What is beyond the scale is drawn at the edge of this box, where a head covers neither the frame nor a corner's word. */
const inner: Box = { left: frame.left + 14, right: frame.right - 14, top: frame.top + 36, bottom: frame.bottom - 34 }
const half = { width: centre.x - frame.left, height: centre.y - frame.top }

const drawn = new WeakMap<Analysis, RotationMap>()

/** The map of an analysis, laid out once. */
export function mapOf(analysis: Analysis): RotationMap {
  const map = drawn.get(analysis) ?? drawMap(analysis.sectors)
  drawn.set(analysis, map)
  return map
}

/**
 * Lays the sectors out for drawing; those without a reading are not on it. The scale fits every tail by formula B; provisional
 * ones do not stretch it, but are drawn at the edge where they lie beyond it.
 */
export function drawMap(sectors: readonly SectorRank[]): RotationMap {
  const shown = sectors.filter((one) => one.tail.length > 0)
  const full = shown.filter((one) => !isProvisional(one))
  const scale = scaleOf((full.length > 0 ? full : shown).flatMap((one) => one.tail))
  const place = ({ ratio, momentum }: Pick<Reading, 'ratio' | 'momentum'>): Spot => ({
    x: round1(centre.x + (ratio - 100) * scale.x),
    y: round1(centre.y - (momentum - 100) * scale.y),
  })
  const zones = (['improving', 'leading', 'lagging', 'weakening'] as const).map(zoneAt)
  const heads = shown.map((one) => {
    const now = one.tail.at(-1)!
    const drawnAt = (reading: Reading) =>
      full.length > 0 && isProvisional(one) ? within(place(reading), inner) : place(reading)
    const head = drawnAt(now)
    return { one, now, beyond: arrowFrom(head, place(now)), spots: one.tail.map(drawnAt), ...head }
  })
  const places = placeLabels(
    heads.map(({ x, y, one, beyond }) => ({ x, y, texts: namesOf(one).map((name) => `${name} ${beyond}`.trim()) })),
    { frame, corners: zones.map(({ label }) => boxOf(label)), trails: heads.flatMap(({ spots }) => spots) },
  )
  const points = heads.map(({ one, now, beyond, spots, x, y }, i) => {
    const quadrant = quadrantOf(now)
    return {
      x,
      y,
      symbol: one.symbol,
      name: one.name,
      rank: one.rank,
      quadrant,
      now,
      isProvisional: isProvisional(one),
      beyond,
      carried: one.carried,
      tail: tailThrough(spots),
      head: headAt({ x, y }, quadrant),
      place: places[i]!,
    }
  })
  return { width, height, centre, zones, ticks: ticksAt(scale, place), points, quadrants: quadrantLabels }
}

function isProvisional({ provisional }: SectorRank): boolean {
  return provisional !== null
}

/** The texts that can name a point, the best first. */
function namesOf({ name, rank }: SectorRank): string[] {
  return rank === null ? [name] : [name, String(rank)]
}

/** The spot itself, or the nearest one in the box. */
function within({ x, y }: Spot, box: Box): Spot {
  return { x: Math.min(Math.max(x, box.left), box.right), y: Math.min(Math.max(y, box.top), box.bottom) }
}

/** Which way a spot lies from where it is drawn; '' when it is drawn where it is. */
function arrowFrom(drawn: Spot, spot: Spot): string {
  const [right, down] = [Math.sign(spot.x - drawn.x), Math.sign(spot.y - drawn.y)]
  return ['↖↑↗', '← →', '↙↓↘'][down + 1]![right + 1]!.trim()
}

type Scale = { x: number; y: number; reach: { ratio: number; momentum: number } }

/** Units per point on each axis, so that the furthest reading is well inside; the scale covers at least two points. */
function scaleOf(readings: readonly Reading[]): Scale {
  const reachOf = (of: (reading: Reading) => number) =>
    readings.reduce((reach, reading) => Math.max(reach, Math.abs(of(reading) - 100)), 2) * 1.08
  const reach = { ratio: reachOf((one) => one.ratio), momentum: reachOf((one) => one.momentum) }
  return { x: half.width / reach.ratio, y: half.height / reach.momentum, reach }
}

function ticksAt({ reach }: Scale, place: (at: { ratio: number; momentum: number }) => Spot): RotationMap['ticks'] {
  const valuesWithin = (most: number) => {
    const step = [0.5, 1, 2, 5, 10, 20, 50].find((one) => most / one < 4) ?? 100
    const count = Math.floor((most * 0.95) / step)
    return Array.from({ length: 2 * count + 1 }, (_, i) => 100 + (i - count) * step).filter((value) => value !== 100)
  }
  return [
    ...valuesWithin(reach.ratio).map((value) => ({
      axis: 'ratio' as const,
      text: String(value),
      x: place({ ratio: value, momentum: 100 }).x,
      y: frame.bottom + 14,
    })),
    ...valuesWithin(reach.momentum).map((value) => ({
      axis: 'momentum' as const,
      text: String(value),
      x: frame.left - 4,
      y: place({ ratio: 100, momentum: value }).y + 4,
    })),
  ]
}

/** The quarters in reading order, each with its label in the outer corner. */
function zoneAt(quadrant: Quadrant, index: number): RotationMap['zones'][number] {
  const [right, low] = [index % 2 === 1, index > 1]
  const { mark, title } = quadrantLabels[quadrant]
  return {
    quadrant,
    x: right ? centre.x : frame.left,
    y: low ? centre.y : frame.top,
    ...half,
    label: {
      text: `${mark} ${title}`,
      x: right ? frame.right - 8 : frame.left + 8,
      y: low ? frame.bottom - 8 : frame.top + 18,
      anchor: right ? 'end' : 'start',
    },
  }
}

/** A smooth line through the spots (Catmull-Rom, written as Bézier curves), fading towards the past. */
function tailThrough(spots: readonly Spot[]): MapPoint['tail'] {
  const at = (index: number) => spots[Math.max(0, Math.min(index, spots.length - 1))]!
  const lean = (spot: Spot, from: Spot, to: Spot) => {
    const { x, y } = within({ x: spot.x + (to.x - from.x) / 6, y: spot.y + (to.y - from.y) / 6 }, frame)
    return `${round1(x)} ${round1(y)}`
  }
  const legs = spots.length - 1
  return spots.slice(1).map((to, leg) => {
    const from = at(leg)
    const bend = `${lean(from, at(leg - 1), to)} ${lean(to, at(leg + 2), from)}`
    return { path: `M${from.x} ${from.y}C${bend} ${to.x} ${to.y}`, opacity: round2(0.25 + (0.65 * (leg + 1)) / legs) }
  })
}

// biome-ignore format: one shape a line
const headShapes: Record<Quadrant, [dx: number, dy: number][]> = {
  leading: [[0, -7], [7, 6], [-7, 6]],
  weakening: [[-6, -6], [6, 6], [-6, 6]],
  lagging: [[0, 7], [7, -6], [-7, -6]],
  improving: [[-6, -6], [6, -6], [6, 6]],
}

function headAt({ x, y }: Spot, quadrant: Quadrant): string {
  return headShapes[quadrant].map(([dx, dy]) => `${round1(x + dx)},${round1(y + dy)}`).join(' ')
}

const round1 = (value: number) => Math.round(value * 10) / 10
const round2 = (value: number) => Math.round(value * 100) / 100

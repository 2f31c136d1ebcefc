import { LRUCache } from 'lru-cache'
import type { Analysis, Reading, SectorRank } from '../engine/analysis.ts'
import { quadrantMeanings } from '../engine/meanings.ts'
import { type Quadrant, quadrantOf } from '../engine/quadrants.ts'
import { type Box, boxOf, type Label, type Placed, placeLabels, type Spot } from './labels.ts'
import { type MapScale, placeIn, round1, scaleOf, size } from './map-scale.ts'
import { isClear, reachesOf } from './reach.ts'
import { isWithin, type Leg, legsThrough } from './tails.ts'

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
  /** The tail, oldest first, with a dot for each of its bars but the newest, which is the head. */
  legs: Leg[]
  /** `isClear`: it can be met without standing in the way of another head. */
  dots: (Spot & { reading: Reading; quadrant: Quadrant; isClear: boolean })[]
  head: string
  /** Where the head is met, around its place: an outline that no other head's overlaps. */
  reach: string
  /** Where the name stands, whether it is shown or not; null where it found no room. */
  place: Placed
  isNamed: boolean
}

/** The map as it is drawn. `zones` are the quarters in reading order; one when it shows a quarter alone. */
export type RotationMap = MapScale & {
  width: number
  height: number
  zoom: Quadrant | null
  /** `press`: around the label, large enough for a finger. */
  zones: { quadrant: Quadrant; box: Box; label: Label; press: Box }[]
  /** The strongest first; of a quarter alone, those that stand in it. */
  points: MapPoint[]
  quadrants: typeof quadrantLabels
  /** The outlines of heads around their place: triangles that point with the quadrant. */
  heads: typeof headShapes
}

/** What of a map is shown: which names, and one quarter or all. */
export type MapChoices = {
  /** Symbols whose names come first. */
  labelled?: readonly string[]
  /** `few`: those and the best by rank, six together. */
  names?: 'few' | 'all'
  zoom?: Quadrant | null
  /** Whether names have room for a star behind them. */
  starrable?: boolean
}

/** `meaning` is relative to the sector's own past: a leading sector can still have done worse than the Nifty. */
export const quadrantLabels: Record<Quadrant, { title: string; mark: string; meaning: string }> = {
  leading: { title: 'Leading', mark: '▲', meaning: quadrantMeanings.leading },
  weakening: { title: 'Weakening', mark: '◣', meaning: quadrantMeanings.weakening },
  lagging: { title: 'Lagging', mark: '▼', meaning: quadrantMeanings.lagging },
  improving: { title: 'Improving', mark: '◥', meaning: quadrantMeanings.improving },
}

const headShapes: Record<Quadrant, string> = {
  leading: '0,-7 7,6 -7,6',
  weakening: '-6,-6 6,6 -6,6',
  lagging: '0,7 7,-6 -7,-6',
  improving: '-6,-6 6,-6 6,6',
}

/** How many names are shown unasked. */
const handful = 6

/** Maps that are kept, of whatever analyses: one of 16 sectors takes 90 KB, so 18 MB. */
const kept = 200
const drawn = new LRUCache<string, RotationMap>({ max: kept })
/** Analyses by the order in which they were drawn first. */
const numbers = new WeakMap<Analysis, number>()
let count = 0

/** The map of an analysis, laid out once for the same choices while it is among those drawn last. */
export function mapOf(analysis: Analysis, choices: MapChoices = {}): RotationMap {
  const number = numbers.get(analysis) ?? count++
  numbers.set(analysis, number)
  const { labelled = [], names = 'few', zoom = null, starrable = false } = choices
  const key = JSON.stringify([number, labelled, names, zoom, starrable])
  const map = drawn.get(key) ?? drawMap(analysis.sectors, choices)
  drawn.set(key, map)
  return map
}

/**
 * Lays the sectors out for drawing; those without a reading are not on it. Every head has a place for its name, so that any of them
 * can be shown: those that are named have the better ones. The scale fits every tail by formula B; provisional
 * ones do not stretch it: their tails end at the plot's edge, and a head beyond it is drawn at the edge.
 */
export function drawMap(
  sectors: readonly SectorRank[],
  { labelled = [], names = 'few', zoom = null, starrable = false }: MapChoices = {},
): RotationMap {
  const isHere = (reading: Reading) => zoom === null || quadrantOf(reading) === zoom
  const shown = sectors.filter(({ tail }) => tail.length > 0 && isHere(tail.at(-1)!))
  const full = shown.filter((one) => !isProvisional(one))
  const scale = scaleOf((full.length > 0 ? full : shown).flatMap((one) => one.tail).filter(isHere), zoom)
  const points = shown.map((one) => pointOf(one, scale, isHere))
  const zones = zonesOf(scale, zoom, points)
  const named = namedOf(points, { labelled, names })
  for (const point of points) point.isNamed = named.has(point.symbol)
  const places = placeLabels(
    points.map((point) => ({
      x: point.x,
      y: point.y,
      texts: textsOf(point),
      first: point.isNamed,
      after: starrable ? ' ★' : '',
    })),
    { frame: scale.plot, corners: zones.map(({ label }) => boxOf(label)), trails: points.flatMap(({ dots }) => dots) },
  )
  const reaches = reachesOf(points)
  for (const [i, point] of points.entries()) {
    point.place = places[i]!
    point.reach = reaches[i]!
    const others = points.filter((other) => other !== point)
    for (const dot of point.dots) dot.isClear = isClear(dot, others)
  }
  return { ...size, ...scale, zoom, zones, points, quadrants: quadrantLabels, heads: headShapes }
}

function pointOf(one: SectorRank, scale: MapScale, isHere: (reading: Reading) => boolean): MapPoint {
  const place = placeIn(scale)
  const now = one.tail.at(-1)!
  const isBeyond = isProvisional(one) && !isWithin(place(now), scale.plot)
  const at = isBeyond ? within(place(now), innerOf(scale)) : place(now)
  return {
    ...at,
    symbol: one.symbol,
    name: one.name,
    rank: one.rank,
    quadrant: quadrantOf(now),
    now,
    isProvisional: isProvisional(one),
    beyond: arrowFrom(at, place(now)),
    carried: one.carried,
    legs: legsThrough(one.tail, scale),
    dots: one.tail
      .slice(0, -1)
      .map((reading) => ({ ...place(reading), reading, quadrant: quadrantOf(reading), isClear: true }))
      .filter((dot) => isHere(dot.reading) && isWithin(dot, scale.plot)),
    head: headShapes[quadrantOf(now)],
    reach: '',
    place: null,
    isNamed: false,
  }
}

function isProvisional({ provisional }: SectorRank): boolean {
  return provisional !== null
}

/** The symbols of the heads that are named: those asked for, then the best by rank. */
function namedOf(heads: readonly MapPoint[], { labelled = [], names }: MapChoices): Set<string> {
  const byRank = ({ rank }: MapPoint) => rank ?? Number.POSITIVE_INFINITY
  const asked = heads.filter(({ symbol }) => labelled.includes(symbol))
  const others = heads.filter((one) => !asked.includes(one)).toSorted((a, b) => (byRank(a) < byRank(b) ? -1 : 1))
  const room = names === 'all' ? others.length : Math.max(0, handful - asked.length)
  return new Set([...asked, ...others.slice(0, room)].map(({ symbol }) => symbol))
}

/** What stands at a head: its name; without it, the arrow of one that is drawn at the edge, and else nothing. */
export function textAt({ place, isNamed, beyond }: MapPoint): string {
  return place && isNamed ? place.label.text : beyond
}

/** The texts that can name a point, the best first. */
function textsOf({ name, rank, beyond }: MapPoint): string[] {
  return [name, ...(rank === null ? [] : [String(rank)])].map((text) => `${text} ${beyond}`.trim())
}

/** Where a head beyond the plot is drawn: at the edge of this box it covers neither the frame nor a corner's word. */
function innerOf({ plot }: MapScale): Box {
  return { left: plot.left + 14, right: plot.right - 14, top: plot.top + 38, bottom: plot.bottom - 38 }
}

/** The nearest spot in the box. */
function within({ x, y }: Spot, box: Box): Spot {
  return {
    x: round1(Math.min(Math.max(x, box.left), box.right)),
    y: round1(Math.min(Math.max(y, box.top), box.bottom)),
  }
}

function widened({ left, right, top, bottom }: Box, by: number): Box {
  return { left: left - by, right: right + by, top: top - by, bottom: bottom + by }
}

/** Which way a spot lies from where it is drawn; '' when it is drawn where it is. */
function arrowFrom(drawn: Spot, spot: Spot): string {
  const [right, down] = [Math.sign(spot.x - drawn.x), Math.sign(spot.y - drawn.y)]
  return ['↖↑↗', '← →', '↙↓↘'][down + 1]![right + 1]!.trim()
}

/**
 * The quarters in reading order, each with its label in the outer corner, or where a head is there, at the other end of the same
 * edge.
 */
function zonesOf({ plot, centre }: MapScale, zoom: Quadrant | null, heads: readonly Spot[]): RotationMap['zones'] {
  return (['improving', 'leading', 'lagging', 'weakening'] as const)
    .map((quadrant, index) => {
      const [isRight, isLow] = [index % 2 === 1, index > 1]
      const { mark, title } = quadrantLabels[quadrant]
      const box = {
        left: isRight ? centre.x : plot.left,
        right: isRight ? plot.right : centre.x,
        top: isLow ? centre.y : plot.top,
        bottom: isLow ? plot.bottom : centre.y,
      }
      const y = isLow ? plot.bottom - 10 : plot.top + 20
      const text = `${mark} ${title}`
      const toTheLeft: Label = { x: box.left + 8, y, text, anchor: 'start' }
      const toTheRight: Label = { x: box.right - 8, y, text, anchor: 'end' }
      const [outer, inner] = isRight ? [toTheRight, toTheLeft] : [toTheLeft, toTheRight]
      const isTaken = (label: Label) => heads.some((head) => isWithin(head, widened(boxOf(label), 8)))
      const label = isTaken(outer) && !isTaken(inner) ? inner : outer
      const { left, right } = boxOf(label)
      return { quadrant, box, label, press: { left, right, top: y - 23, bottom: y + 11 } }
    })
    .filter(({ quadrant }) => zoom === null || quadrant === zoom)
}

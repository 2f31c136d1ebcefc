/**
 * The sector rotation map that visitors see: invented numbers, laid out for drawing.
 *
 * Nothing here comes from a market. The sectors are real, their positions are generated from a fixed seed, and every
 * page that prints them says "Sample data".
 */

export type Quadrant = 'leading' | 'weakening' | 'lagging' | 'improving'

type Label = Spot & { anchor: 'start' | 'middle' | 'end' }

/** A week's reading. Both numbers are centred on 100: above it, stronger than the benchmark or gaining on it. */
export type Reading = { strength: number; momentum: number }

export interface SampleSector {
  /** By strength, the strongest first. */
  rank: number
  /** Rank four weeks ago minus rank now: +2 climbed two places. */
  rankChange: number
  name: string
  symbol: string
  quadrant: Quadrant
  /** Six weeks of readings, oldest first; the last one is now. */
  path: Reading[]
  now: Reading
}

/** A sector placed on the map. Lengths are SVG user units, origin at the top left. */
export interface MapPoint extends SampleSector, Spot {
  /** The tail's legs as SVG paths, oldest first, each with its own opacity (0 to 1). */
  tail: { path: string; opacity: number }[]
  /** Outline of the head: a triangle that points with the quadrant. */
  head: string
  label: Label
}

export interface RotationMap {
  sample: true
  /** Size of the drawing, and the point where both readings are 100, in SVG user units. */
  width: number
  height: number
  centre: Spot
  /** The four quarters in reading order; `word` is the quadrant's name in its outer corner. */
  zones: (Spot & { quadrant: Quadrant; width: number; height: number; word: Label & { text: string } })[]
  ticks: (Spot & { axis: 'strength' | 'momentum'; text: string })[]
  /** In rank order. */
  points: MapPoint[]
  /** Readings in each tail. */
  weeks: number
  words: typeof quadrantWords
}

export const quadrantWords: Record<Quadrant, { title: string; mark: string; meaning: string }> = {
  leading: { title: 'Leading', mark: '▲', meaning: 'stronger than the Nifty and gaining on it' },
  weakening: { title: 'Weakening', mark: '◣', meaning: 'stronger than the Nifty but losing pace' },
  lagging: { title: 'Lagging', mark: '▼', meaning: 'weaker than the Nifty and losing pace' },
  improving: { title: 'Improving', mark: '◥', meaning: 'weaker than the Nifty but gaining on it' },
}

/** The whole sample, the same at every call. */
export const sampleMap = (): RotationMap => layOut(sampleSectors())

/** A reading of exactly 100 counts as right and as top. */
export function quadrantOf({ strength, momentum }: Reading): Quadrant {
  if (strength >= 100) return momentum >= 100 ? 'leading' : 'weakening'
  return momentum >= 100 ? 'improving' : 'lagging'
}

const weeks = 6

/** Name, symbol, bearing in degrees (0 is right, 90 is up), distance from the centre, degrees travelled a week. */
const orbits: [name: string, symbol: string, bearing: number, distance: number, speed: number][] = [
  ['Metal', 'METALIETF', 38, 2.3, 11],
  ['PSU banks', 'PSUBNKBEES', 62, 1.55, 13],
  ['Auto', 'AUTOBEES', 14, 1.5, 12],
  ['Pharma', 'PHARMABEES', 86, 2.1, 14],
  ['Healthcare', 'HEALTHIETF', -24, 2.0, 10],
  ['Infra', 'INFRABEES', -52, 1.35, 12],
  ['Oil & gas', 'OILIETF', -82, 2.2, 13],
  ['FMCG', 'FMCGIETF', -128, 2.15, 10],
  ['Consumption', 'CONSUMBEES', -158, 1.6, 9],
  ['IT', 'ITBEES', 172, 2.45, 12],
  ['Banks', 'BANKBEES', 140, 1.45, 13],
  ['Private banks', 'PVTBANIETF', 118, 2.05, 12],
]

function sampleSectors(): SampleSector[] {
  const noise = seededNoise(2027)
  const sectors = orbits.map(([name, symbol, bearing, distance, speed]) => {
    const path = Array.from({ length: weeks }, (_, week): Reading => {
      const age = weeks - 1 - week
      const angle = ((bearing + speed * age) * Math.PI) / 180
      const reach = distance * (1 - 0.055 * age) + 0.12 * noise()
      return {
        strength: round2(100 + reach * Math.cos(angle) + 0.06 * noise()),
        momentum: round2(100 + reach * Math.sin(angle) + 0.06 * noise()),
      }
    })
    return { name, symbol, path, now: path.at(-1)!, before: path.at(-5)! }
  })

  const rankedBefore = sectors.toSorted((a, b) => b.before.strength - a.before.strength)
  return sectors
    .toSorted((a, b) => b.now.strength - a.now.strength)
    .map(({ before: _, ...sector }, index) => ({
      ...sector,
      rank: index + 1,
      rankChange: rankedBefore.findIndex(({ name }) => name === sector.name) - index,
      quadrant: quadrantOf(sector.now),
    }))
}

// The drawing. Labels are placed for the largest text the stylesheet uses (a phone), so they stay apart on every screen.
const width = 440
const height = 420
const frame: Box = { left: 26, right: width - 2, top: 22, bottom: height - 32 }
const centre: Spot = { x: (frame.left + frame.right) / 2, y: (frame.top + frame.bottom) / 2 }
const half = { width: centre.x - frame.left, height: centre.y - frame.top }
const unitsPerPoint = 74
const text = { perLetter: 8.6, height: 17 }

type Spot = { x: number; y: number }
type Box = { left: number; right: number; top: number; bottom: number }

function layOut(sectors: SampleSector[]): RotationMap {
  const zones = (['improving', 'leading', 'lagging', 'weakening'] as const).map(zoneAt)
  const drawn = sectors.map((sector) => ({ ...sector, spots: sector.path.map(place), ...place(sector.now) }))

  const taken = zones.map(({ word }) => boxOf(word, word.text))
  const heads = drawn.map((point) => around(point, 8))
  const trails = drawn.flatMap(({ spots }) => spots.map((spot) => around(spot, 4)))
  const points = drawn.map(({ spots, ...point }) => {
    const choices = labelPlaces.map(({ dx, dy, anchor, dislike }) => {
      const label = { x: round2(point.x + dx), y: round2(point.y + dy), anchor }
      const box = boxOf(label, point.name)
      const crowd = 10 * overlap(box, taken) + 8 * overlap(box, heads) + overlap(box, trails)
      return { label, box, cost: 100 * outside(box) + crowd + dislike }
    })
    const best = choices.reduce((a, b) => (b.cost < a.cost ? b : a))
    taken.push(best.box)
    return { ...point, tail: tailThrough(spots), head: headAt(point, point.quadrant), label: best.label }
  })

  const ticks = [98, 99, 101, 102].flatMap((value): RotationMap['ticks'] => {
    const { x, y } = place({ strength: value, momentum: value })
    return [
      { axis: 'strength', text: String(value), x, y: frame.bottom + 14 },
      { axis: 'momentum', text: String(value), x: frame.left - 4, y: y + 4 },
    ]
  })
  return { sample: true, width, height, centre, zones, ticks, points, weeks, words: quadrantWords }
}

function place({ strength, momentum }: Reading): Spot {
  const [x, y] = [centre.x + (strength - 100) * unitsPerPoint, centre.y - (momentum - 100) * unitsPerPoint]
  return { x: round2(x), y: round2(y) }
}

/** The quarters in reading order, each with its word in the outer corner. */
function zoneAt(quadrant: Quadrant, index: number): RotationMap['zones'][number] {
  const [right, low] = [index % 2 === 1, index > 1]
  const { mark, title } = quadrantWords[quadrant]
  return {
    quadrant,
    x: right ? centre.x : frame.left,
    y: low ? centre.y : frame.top,
    ...half,
    word: {
      text: `${mark} ${title}`,
      x: right ? frame.right - 8 : frame.left + 8,
      y: low ? frame.bottom - 8 : frame.top + 18,
      anchor: right ? 'end' : 'start',
    },
  }
}

/** A smooth line through the spots (Catmull-Rom, written as Bézier curves), fading towards the past. */
function tailThrough(spots: Spot[]): MapPoint['tail'] {
  const at = (index: number) => spots[Math.max(0, Math.min(index, spots.length - 1))]!
  const lean = (spot: Spot, from: Spot, to: Spot) =>
    `${round2(spot.x + (to.x - from.x) / 6)} ${round2(spot.y + (to.y - from.y) / 6)}`
  return spots.slice(1).map((to, leg) => {
    const from = at(leg)
    const bend = `${lean(from, at(leg - 1), to)} ${lean(to, at(leg + 2), from)}`
    return { path: `M${from.x} ${from.y}C${bend} ${to.x} ${to.y}`, opacity: round2(0.3 + (0.6 * leg) / (weeks - 2)) }
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
  return headShapes[quadrant].map(([dx, dy]) => `${round2(x + dx)},${round2(y + dy)}`).join(' ')
}

/** Where a name may stand around its head, the places a reader likes best first. */
// biome-ignore format: one place a line
const labelPlaces: { dx: number; dy: number; anchor: Label['anchor']; dislike: number }[] = [
  { dx: 11, dy: 5, anchor: 'start', dislike: 0 },
  { dx: -11, dy: 5, anchor: 'end', dislike: 2 },
  { dx: 0, dy: -12, anchor: 'middle', dislike: 4 },
  { dx: 0, dy: 22, anchor: 'middle', dislike: 4 },
  { dx: 9, dy: -8, anchor: 'start', dislike: 5 },
  { dx: 9, dy: 18, anchor: 'start', dislike: 5 },
  { dx: -9, dy: -8, anchor: 'end', dislike: 6 },
  { dx: -9, dy: 18, anchor: 'end', dislike: 6 },
]

function boxOf({ x, y, anchor }: Label, name: string): Box {
  const length = name.length * text.perLetter
  const left = anchor === 'start' ? x : anchor === 'end' ? x - length : x - length / 2
  return { left, right: left + length, top: y - text.height + 3, bottom: y + 4 }
}

function around({ x, y }: Spot, reach: number): Box {
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }
}

/** Shared area with all the boxes, in square units. */
function overlap(box: Box, others: Box[]): number {
  return others.reduce((sum, other) => {
    const across = Math.min(box.right, other.right) - Math.max(box.left, other.left)
    const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top)
    return sum + (across > 0 && down > 0 ? across * down : 0)
  }, 0)
}

function outside({ left, right, top, bottom }: Box): number {
  return [frame.left - left, right - frame.right, frame.top - top, bottom - frame.bottom].reduce(
    (a, b) => a + Math.max(0, b),
    0,
  )
}

/** Numbers from -1 to 1, the same sequence for the same seed (a linear congruential generator). */
function seededNoise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state / 2 ** 32) * 2 - 1
  }
}

const round2 = (value: number) => Math.round(value * 100) / 100

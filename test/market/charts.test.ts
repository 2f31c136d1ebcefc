import { describe, expect, test } from 'vitest'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { boxOf } from '../../src/market/charts/labels.ts'
import { drawMap, type RotationMap } from '../../src/market/charts/rotation-map.ts'
import { analyse } from '../../src/market/engine/analysis.ts'
import { svgOf } from '../../src/market/reports/picture.ts'
import { randomMarket } from './fixture.ts'

const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6))
const seeds = Array.from({ length: 15 }, (_, i) => first + i)
console.log(`random maps of the seeds ${seeds[0]} to ${seeds.at(-1)}`)

function mapOf(seed: number, sectors: number, tail: number): RotationMap {
  const { benchmark, instruments } = randomMarket(seed, 3, sectors)
  return drawMap(analyse(benchmark, instruments, { step: 'week', at: null, tail, calendar: everyWeekday })!.sectors)
}
const overlapping = (a: ReturnType<typeof boxOf>, b: ReturnType<typeof boxOf>) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom

describe.each([
  [8, 6],
  [16, 12],
  [40, 20],
])('a map of %i instruments with tails of %i', (count, tail) => {
  test.each(seeds)('has names that cover neither each other nor the corners’ words (seed %i)', (seed) => {
    const map = mapOf(seed, count, tail)
    const boxes = [
      ...map.points.flatMap(({ place }) => (place ? [place.label] : [])),
      ...map.zones.map(({ label }) => label),
    ].map(boxOf)
    const pairs = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => overlapping(a, b)))
    expect(pairs).toEqual([])
  })

  test.each(seeds)('keeps heads, tails and names inside the drawing (seed %i)', (seed) => {
    const map = mapOf(seed, count, tail)
    for (const { x, y, place } of map.points) {
      expect(x > 0 && x < map.width && y > 0 && y < map.height).toBe(true)
      const box = place && boxOf(place.label)
      expect(!box || (box.left >= 0 && box.right <= map.width && box.top >= 0 && box.bottom <= map.height)).toBe(true)
    }
  })
})

test('of sixteen instruments nearly all find room for their name', () => {
  const points = seeds.flatMap((seed) => mapOf(seed, 16, 8).points)
  const named = points.filter(({ place, name }) => place?.label.text === name)
  console.log(`${named.length} of ${points.length} names found room`)
  expect(named.length).toBeGreaterThan(points.length * 0.85)
})

test('ticks stand on both sides of the middle, and 100 is the middle itself', () => {
  const { ticks, centre } = mapOf(3, 8, 6)
  for (const axis of ['ratio', 'momentum'] as const) {
    const own = ticks.filter((tick) => tick.axis === axis)
    expect(own.some((tick) => Number(tick.text) > 100) && own.some((tick) => Number(tick.text) < 100)).toBe(true)
    for (const tick of own)
      expect(axis === 'ratio' ? tick.x > centre.x : tick.y < centre.y + 4).toBe(Number(tick.text) > 100)
  }
})

describe('provisional readings', () => {
  const { benchmark, instruments } = randomMarket(5, 3, 8)
  const { sectors } = analyse(benchmark, instruments, { step: 'week', at: null, tail: 6, calendar: everyWeekday })!
  const full = sectors.filter((one) => one.formula === 'B/2')
  /** A sector by formula C, whose tail ends at this reading. */
  const young = (ratio: number, momentum: number): (typeof sectors)[number] => ({
    ...full[0]!,
    symbol: 'YOUNG',
    name: 'Young',
    formula: 'C/2',
    provisional: 'Prices begin on 3 Mar 2022: formula B needs 92 weeks',
    tail: [
      { day: '2022-11-11', ratio: 100.1, momentum: 99.9 },
      { day: '2022-11-18', ratio, momentum },
    ],
  })
  const alone = drawMap(full)

  test.each([
    [120, 100, '→', 'leading'],
    [120, 130, '↗', 'leading'],
    [80, 70, '↙', 'lagging'],
    [100.1, 70, '↓', 'weakening'],
    [99.9, 130, '↑', 'improving'],
  ])('at %d and %d do not move the scale, and are drawn at the edge with %s', (ratio, momentum, arrow, quadrant) => {
    const map = drawMap([...full, young(ratio, momentum)])
    expect(map.ticks).toEqual(alone.ticks)
    for (const one of alone.points) {
      const same = map.points.find(({ symbol }) => symbol === one.symbol)!
      expect([same.x, same.y, same.tail]).toEqual([one.x, one.y, one.tail])
    }
    const point = map.points.find(({ symbol }) => symbol === 'YOUNG')!
    expect(point).toMatchObject({ isProvisional: true, beyond: arrow, quadrant })
    expect(point.x > 30 && point.x < map.width && point.y > 22 && point.y < map.height).toBe(true)
    expect(point.place?.label.text ?? arrow).toContain(arrow)
    const corner = map.zones.map(({ label }) => boxOf(label))
    const head = { left: point.x - 7, right: point.x + 7, top: point.y - 7, bottom: point.y + 7 }
    expect(corner.some((box) => overlapping(head, box))).toBe(false)
  })

  test('within the map are drawn where they are', () => {
    const point = drawMap([...full, young(100.2, 100.1)]).points.find(({ symbol }) => symbol === 'YOUNG')!
    expect(point).toMatchObject({ isProvisional: true, beyond: '' })
  })

  test('make the scale where there are no others', () => {
    const { points } = drawMap([young(120, 90)])
    expect(points.map(({ beyond }) => beyond)).toEqual([''])
  })

  test('are dashed with a ring in the mail’s picture, others are not', () => {
    expect(svgOf(alone)).not.toContain('stroke-dasharray')
    expect(svgOf(drawMap([young(120, 90)]))).toMatch(/<circle [^>]*stroke-dasharray/)
  })
})

test('without readings the map is empty, and still a map', () => {
  expect(drawMap([]).points).toEqual([])
  expect(drawMap([]).zones).toHaveLength(4)
})

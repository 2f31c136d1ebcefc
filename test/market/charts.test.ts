import { describe, expect, test } from 'vitest'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { boxOf, crosses, passes } from '../../src/market/charts/labels.ts'
import { scaleOf } from '../../src/market/charts/map-scale.ts'
import { svgOf } from '../../src/market/charts/picture.ts'
import { drawMap, type MapChoices, type RotationMap, textAt } from '../../src/market/charts/rotation-map.ts'
import { piecesOf } from '../../src/market/charts/tails.ts'
import { analyse } from '../../src/market/engine/analysis.ts'
import { quadrantOf } from '../../src/market/engine/quadrants.ts'
import { randomMarket } from './fixture.ts'

const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6))
const seeds = Array.from({ length: 15 }, (_, i) => first + i)
console.log(`random maps of the seeds ${seeds[0]} to ${seeds.at(-1)}`)

function sectorsOf(seed: number, count: number, tail: number) {
  const { benchmark, instruments } = randomMarket(seed, 3, count)
  return analyse(benchmark, instruments, { step: 'week', at: null, tail, calendar: everyWeekday })!.sectors
}
function mapOf(seed: number, count: number, tail: number, choices: MapChoices = { names: 'all' }): RotationMap {
  return drawMap(sectorsOf(seed, count, tail), choices)
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
    ].map((label) => boxOf(label))
    const pairs = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => overlapping(a, b)))
    expect(pairs).toEqual([])
  })

  test.each(seeds)('has leaders that cross neither each other nor another name (seed %i)', (seed) => {
    const map = mapOf(seed, count, tail)
    const leaders = map.points.flatMap(({ place, symbol }) => (place?.leader ? [{ symbol, line: place.leader }] : []))
    for (const [i, one] of leaders.entries()) {
      expect(leaders.slice(i + 1).filter((other) => crosses(one.line, other.line))).toEqual([])
      const others = map.points.filter(({ symbol, place }) => place && symbol !== one.symbol)
      expect(others.filter(({ place }) => passes(one.line, boxOf(place!.label)))).toEqual([])
    }
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

test('of sixteen instruments four in five find room for their name', () => {
  const points = seeds.flatMap((seed) => mapOf(seed, 16, 8).points)
  const named = points.filter(({ place, name }) => place?.label.text === name)
  console.log(`${named.length} of ${points.length} names found room`)
  expect(named.length).toBeGreaterThan(points.length * 0.75)
})

describe('names', () => {
  test.each(seeds)('are of the six best by rank unless all are asked for (seed %i)', (seed) => {
    const map = mapOf(seed, 16, 12, {})
    const named = map.points.filter(({ isNamed }) => isNamed)
    expect(named.map(({ rank }) => rank).sort()).toEqual([1, 2, 3, 4, 5, 6])
  })

  test.each(seeds)('that are asked for come before those (seed %i)', (seed) => {
    const nearest = mapOf(seed, 16, 12)
      .points.toSorted((a, b) => distanceOf(a) - distanceOf(b))
      .map(({ symbol }) => symbol)
    const labelled = nearest.slice(0, 2)
    const named = mapOf(seed, 16, 12, { labelled })
      .points.filter(({ isNamed }) => isNamed)
      .map(({ symbol }) => symbol)
    expect(named).toEqual(expect.arrayContaining(labelled))
    expect(named.length).toBeLessThanOrEqual(6)
    const many = nearest.slice(0, 9)
    const asked = mapOf(seed, 16, 12, { labelled: many }).points.filter(({ isNamed }) => isNamed)
    expect(asked.filter(({ symbol }) => !many.includes(symbol))).toEqual([])
  })
  const distanceOf = ({ now }: { now: { ratio: number; momentum: number } }) =>
    Math.hypot(now.ratio - 100, now.momentum - 100)
})

describe.each([8, 16, 40])('of %i heads', (count) => {
  const inside = (polygon: string, { x, y }: { x: number; y: number }) => {
    const corners = polygon.split(' ').map((corner) => corner.split(',').map(Number) as [number, number])
    return corners.every(([ax, ay], i) => {
      const [bx, by] = corners[(i + 1) % corners.length]!
      return (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
    })
  }
  test.each(seeds)('each is met where it is nearest, and covered by no other’s reach or dot (seed %i)', (seed) => {
    const { points } = mapOf(seed, count, 12)
    for (const one of points) {
      expect(inside(one.reach, { x: 0, y: 0 })).toBe(true)
      for (const other of points.filter(({ symbol }) => symbol !== one.symbol)) {
        const from = { x: one.x - other.x, y: one.y - other.y }
        if (Math.hypot(from.x, from.y) > 0.2)
          expect([other.symbol, inside(other.reach, from)]).toEqual([other.symbol, false])
        const near = other.dots.filter((dot) => Math.hypot(dot.x - one.x, dot.y - one.y) < 15)
        expect(near.filter(({ isClear }) => isClear)).toEqual([])
      }
    }
  })
})

describe('a tail', () => {
  const quadrantAt = (map: RotationMap, { x, y }: { x: number; y: number }) =>
    x > map.centre.x ? (y < map.centre.y ? 'leading' : 'weakening') : y < map.centre.y ? 'improving' : 'lagging'
  const endsOf = (path: string) => {
    const [, ...ends] = /^M([\d.-]+) ([\d.-]+)L([\d.-]+) ([\d.-]+)$/.exec(path)!.map(Number)
    return { from: { x: ends[0]!, y: ends[1]! }, to: { x: ends[2]!, y: ends[3]! } }
  }

  test.each(seeds)('has each piece in the quadrant whose colour it has, split at the axes (seed %i)', (seed) => {
    const map = mapOf(seed, 16, 20)
    for (const { legs } of map.points)
      for (const { path, quadrant } of legs) {
        const { from, to } = endsOf(path)
        const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }
        // Places are rounded to a tenth of a unit: a piece as short as that says nothing, nor does one as near to an axis.
        if (Math.hypot(from.x - to.x, from.y - to.y) < 0.5) continue
        if (Math.min(Math.abs(middle.x - map.centre.x), Math.abs(middle.y - map.centre.y)) <= 0.1) continue
        expect([path, quadrantAt(map, middle)]).toEqual([path, quadrant])
        for (const [one, other, axis] of [
          [from.x, to.x, map.centre.x],
          [from.y, to.y, map.centre.y],
        ] as const)
          expect(
            (one - axis) * (other - axis) >= 0 || Math.min(Math.abs(one - axis), Math.abs(other - axis)) <= 0.11,
          ).toBe(true)
      }
  })

  test.each(seeds)('runs unbroken from its oldest bar through a dot each to the head (seed %i)', (seed) => {
    const sectors = sectorsOf(seed, 16, 12)
    for (const point of drawMap(sectors).points) {
      const { tail } = sectors.find(({ symbol }) => symbol === point.symbol)!
      expect(point.dots.map(({ reading }) => reading)).toEqual(tail.slice(0, -1))
      const joints = point.legs.map(({ path }) => endsOf(path))
      expect(joints[0]?.from).toEqual({ x: point.dots[0]!.x, y: point.dots[0]!.y })
      expect(joints.at(-1)?.to).toEqual({ x: point.x, y: point.y })
      for (const [i, joint] of joints.entries()) if (i > 0) expect(joint.from).toEqual(joints[i - 1]!.to)
    }
  })

  test('through the middle of two axes is split in three, exactly where it crosses them', () => {
    const pieces = piecesOf(
      { ratio: 99, momentum: 98 },
      { ratio: 102, momentum: 101 },
      { ratio: [90, 110], momentum: [90, 110] },
    )
    expect(pieces.map(({ quadrant }) => quadrant)).toEqual(['lagging', 'weakening', 'leading'])
    expect(pieces[0]!.end.ratio).toBeCloseTo(100, 12)
    expect(pieces[1]!.end.momentum).toBeCloseTo(100, 12)
    expect(pieces[1]!.start).toEqual(pieces[0]!.end)
  })

  test('along an axis is one piece, and one that stays where it is is one as well', () => {
    const bounds = { ratio: [90, 110], momentum: [90, 110] } as const
    expect(piecesOf({ ratio: 100, momentum: 99 }, { ratio: 100, momentum: 95 }, bounds)).toMatchObject([
      { quadrant: 'weakening' },
    ])
    expect(piecesOf({ ratio: 99, momentum: 99 }, { ratio: 99, momentum: 99 }, bounds)).toMatchObject([
      { quadrant: 'lagging' },
    ])
  })

  test('beyond the edge ends at the edge', () => {
    const bounds = { ratio: [98, 102], momentum: [98, 102] } as const
    const [piece, ...others] = piecesOf({ ratio: 101, momentum: 101 }, { ratio: 105, momentum: 101 }, bounds)
    expect(others).toEqual([])
    expect(piece!.end).toEqual({ ratio: 102, momentum: 101 })
    expect(piecesOf({ ratio: 104, momentum: 101 }, { ratio: 105, momentum: 101 }, bounds)).toEqual([])
  })
})

test.each(seeds)('ticks stand on both sides of 100, and 100 is on both axes (seed %i)', (seed) => {
  const { ticks, centre } = mapOf(seed, 8, 6)
  for (const axis of ['ratio', 'momentum'] as const) {
    const own = ticks.filter((tick) => tick.axis === axis)
    expect(own.some((tick) => Number(tick.text) > 100) && own.some((tick) => Number(tick.text) < 100)).toBe(true)
    const hundred = own.find((tick) => tick.text === '100')!
    expect(axis === 'ratio' ? hundred.x : hundred.y - 5).toBeCloseTo(axis === 'ratio' ? centre.x : centre.y, 0)
    for (const tick of own.filter((tick) => tick !== hundred))
      expect(axis === 'ratio' ? tick.x > centre.x : tick.y < centre.y + 5).toBe(Number(tick.text) > 100)
  }
})

test.each([2, 3, 150, 399, 401, 20_000, 1e7, 1e12])(
  'a reading %d points from 100 leaves three to seven ticks on each axis',
  (far) => {
    const { ticks } = scaleOf([{ ratio: 100 + far, momentum: 100 - far }], null)
    for (const axis of ['ratio', 'momentum']) {
      const values = ticks.filter((tick) => tick.axis === axis).map(({ text }) => Number(text))
      expect([values.length >= 3 && values.length <= 7, values.includes(100)]).toEqual([true, true])
    }
  },
)

describe.each(['leading', 'weakening', 'lagging', 'improving'] as const)('the %s quarter alone', (zoom) => {
  test.each(seeds)('fills the drawing and holds nothing else (seed %i)', (seed) => {
    const sectors = sectorsOf(seed, 16, 12)
    const map = drawMap(sectors, { zoom, names: 'all' })
    expect(map.zones.map(({ quadrant, box }) => [quadrant, box])).toEqual([[zoom, map.plot]])
    const inside = sectors
      .filter(({ quadrant }) => quadrant === zoom)
      .flatMap(({ tail }) => tail)
      .filter((reading) => quadrantOf(reading) === zoom)
    const heads = map.points
    expect(heads.map(({ symbol }) => symbol).sort()).toEqual(
      sectors
        .filter(({ quadrant }) => quadrant === zoom)
        .map(({ symbol }) => symbol)
        .sort(),
    )
    expect(map.points.flatMap(({ dots }) => dots).length + heads.length).toBe(inside.length)
    for (const { legs, dots } of map.points) for (const { quadrant } of [...legs, ...dots]) expect(quadrant).toBe(zoom)
    for (const { x, y } of map.points.flatMap(({ dots }) => dots).concat(heads as never))
      expect(
        x >= map.plot.left - 0.1 && x <= map.plot.right + 0.1 && y >= map.plot.top - 0.1 && y <= map.plot.bottom + 0.1,
      ).toBe(true)
    expect(map.ticks.filter(({ text }) => text === '100')).toHaveLength(2)
    for (const { x, text } of map.ticks.filter(({ axis }) => axis === 'ratio'))
      expect(x - text.length * 4.9 >= 0 && x + text.length * 4.9 <= map.width).toBe(true)
    for (const { place } of map.points) {
      const box = place && boxOf(place.label)
      expect(!box || (box.left >= 0 && box.right <= map.width && box.top >= 0 && box.bottom <= map.height)).toBe(true)
    }
  })
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
      expect([same.x, same.y, same.legs]).toEqual([one.x, one.y, one.legs])
    }
    const point = map.points.find(({ symbol }) => symbol === 'YOUNG')!
    expect(point).toMatchObject({ isProvisional: true, beyond: arrow, quadrant })
    expect(point.x > 30 && point.x < map.width && point.y > 22 && point.y < map.height).toBe(true)
    expect(point.place?.label.text ?? arrow).toContain(arrow)
    const corner = map.zones.map(({ label }) => boxOf(label))
    const head = { left: point.x - 7, right: point.x + 7, top: point.y - 7, bottom: point.y + 7 }
    expect(corner.some((box) => overlapping(head, box))).toBe(false)
  })

  test('beyond the map have tails that end at its edge, and no dots beyond it', () => {
    const map = drawMap([...full, young(130, 103)])
    const { legs, dots } = map.points.find(({ symbol }) => symbol === 'YOUNG')!
    expect(dots).toHaveLength(1)
    expect(legs.at(-1)!.quadrant).toBe('leading')
    const [, x] = /L([\d.-]+) /.exec(legs.at(-1)!.path)!
    expect(Number(x)).toBeCloseTo(map.plot.right, 0)
  })

  test('beyond the map have an arrow even where their name is not shown', () => {
    const others = Array.from({ length: 6 }, (_, i) => `S${i}`)
    const far = others.map((symbol) => ({
      ...full[0]!,
      symbol,
      tail: [{ day: '2022-11-18', ratio: 101, momentum: 101 }],
    }))
    const { points } = drawMap([...far, young(120, 100)], { labelled: others })
    expect(textAt(points.find(({ symbol }) => symbol === 'YOUNG')!)).toBe('→')
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

describe('a corner’s word', () => {
  const { benchmark, instruments } = randomMarket(5, 3, 8)
  const { sectors } = analyse(benchmark, instruments, { step: 'week', at: null, tail: 6, calendar: everyWeekday })!
  const at = (ratio: number, momentum: number) => ({
    ...sectors[0]!,
    provisional: null,
    tail: [{ day: '2022-11-18', ratio, momentum }],
  })
  const wordOf = (map: RotationMap) => map.zones.find(({ quadrant }) => quadrant === 'lagging')!

  test('stands in its corner, and at the other end of the edge where a head is in the corner', () => {
    const free = drawMap([at(97, 99.8), at(103, 102)])
    expect(wordOf(free).label).toMatchObject({ x: free.plot.left + 8, anchor: 'start' })
    const taken = drawMap([at(97.1, 97.65), at(103, 102)])
    const { label, press } = wordOf(taken)
    expect(label).toMatchObject({ x: taken.centre.x - 8, anchor: 'end' })
    const head = taken.points[0]!
    expect(head.x > press.left - 8 && head.x < press.right + 8).toBe(false)
  })

  test('lies above tails and heads in a picture, with a ground of its own', () => {
    const svg = svgOf(drawMap(sectors))
    expect(svg.indexOf('▲ Leading')).toBeGreaterThan(svg.lastIndexOf('<path'))
    expect(svg).toMatch(/<text [^>]*paint-order="stroke"[^>]*>▲ Leading</)
  })
})

test('without readings the map is empty, and still a map', () => {
  expect(drawMap([]).points).toEqual([])
  expect(drawMap([]).zones).toHaveLength(4)
})

import type { Spot } from './labels.ts'

/** How far a head is met from, in drawing units: 24 px at a phone's size. */
const reach = 17
/** A dot nearer than this to the head of another sector would take its place under a pointer. */
const apart = 15
const corners = 24

/**
 * Where each of these heads is met by a pointer or a finger: what is near it and nearer to no other, as the points of a polygon
 * around it (the head at 0,0). So these never overlap, and whatever is drawn later covers no head. Heads at one place share theirs.
 */
export function reachesOf(heads: readonly Spot[]): string[] {
  return heads.map((head) =>
    heads
      .map((other) => ({ x: other.x - head.x, y: other.y - head.y }))
      .filter(({ x, y }) => Math.hypot(x, y) > 0.2 && Math.hypot(x, y) < 2 * reach)
      .reduce(nearerThan, circle)
      .map(({ x, y }) => `${round2(x)},${round2(y)}`)
      .join(' '),
  )
}

/** Whether a dot can be met without standing in the way of another sector's head. */
export function isClear(dot: Spot, others: readonly Spot[]): boolean {
  return others.every(({ x, y }) => Math.hypot(x - dot.x, y - dot.y) >= apart)
}

const circle: readonly Spot[] = Array.from({ length: corners }, (_, i) => {
  const angle = (2 * Math.PI * i) / corners
  return { x: reach * Math.cos(angle), y: reach * Math.sin(angle) }
})

/** The part of a polygon that is nearer to 0,0 than to another spot. */
function nearerThan(polygon: readonly Spot[], other: Spot): readonly Spot[] {
  const beyond = ({ x, y }: Spot) => x * other.x + y * other.y - (other.x ** 2 + other.y ** 2) / 2
  return polygon.flatMap((from, i) => {
    const to = polygon[(i + 1) % polygon.length]!
    const [a, b] = [beyond(from), beyond(to)]
    const kept = a <= 0 ? [from] : []
    if (a <= 0 === b <= 0) return kept
    const share = a / (a - b)
    return [...kept, { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }]
  })
}

const round2 = (value: number) => Math.round(value * 100) / 100

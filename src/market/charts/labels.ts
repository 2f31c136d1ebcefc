export type Spot = { x: number; y: number }
export type Box = { left: number; right: number; top: number; bottom: number }
export type Label = Spot & { text: string; anchor: 'start' | 'middle' | 'end' }

/** A point to be labelled: its head, and the possible texts, the best first. */
export type Named = Spot & { texts: readonly string[] }

/** A placed name; `leader` is a line from the head to a name that is further away. */
export type Placed = { label: Label; leader: string | null } | null

/** Room a letter takes, in drawing units, at the largest text the stylesheet uses (a phone): apart there is apart everywhere. */
const room = { perLetter: 8.6, height: 17, apart: 3 }

// biome-ignore format: one place a line
const near: { dx: number; dy: number; anchor: Label['anchor']; dislike: number }[] = [
  { dx: 11, dy: 5, anchor: 'start', dislike: 0 },
  { dx: -11, dy: 5, anchor: 'end', dislike: 2 },
  { dx: 0, dy: -12, anchor: 'middle', dislike: 4 },
  { dx: 0, dy: 22, anchor: 'middle', dislike: 4 },
  { dx: 9, dy: -8, anchor: 'start', dislike: 5 },
  { dx: 9, dy: 18, anchor: 'start', dislike: 5 },
  { dx: -9, dy: -8, anchor: 'end', dislike: 6 },
  { dx: -9, dy: 18, anchor: 'end', dislike: 6 },
]
/** Further away, in a ring: led to by a line. */
const far = [26, 38, 52, 70, 92].flatMap((reach) =>
  Array.from({ length: 12 }, (_, i) => {
    const angle = (i * Math.PI) / 6
    const [dx, dy] = [reach * Math.cos(angle), reach * Math.sin(angle) + 5]
    const anchor: Label['anchor'] = Math.abs(dx) < 8 ? 'middle' : dx > 0 ? 'start' : 'end'
    return { dx, dy, anchor, dislike: reach }
  }),
)

/**
 * Names that do not cover each other, a head or the labels in the corners, and stay in the frame. Where a name finds no
 * room a shorter text is tried; one that finds none is left out (null), and the table beside the map still has it.
 */
export function placeLabels(
  named: readonly Named[],
  given: { frame: Box; corners: readonly Box[]; trails: readonly Spot[] },
): Placed[] {
  const taken: Box[] = [...given.corners, ...named.map((one) => around(one, 8))]
  const trails = given.trails.map((spot) => around(spot, 4))
  const placed = new Map<Named, Placed>()
  // Names with the most neighbours are placed first: the others have more places to choose from.
  const crowd = (one: Named) => named.filter((other) => Math.hypot(one.x - other.x, one.y - other.y) < 70).length
  for (const one of [...named].sort((a, b) => crowd(b) - crowd(a))) {
    const best = bestPlace(one, taken, trails, given.frame)
    if (best) taken.push(best.box)
    placed.set(one, best && { label: best.label, leader: best.leader })
  }
  return named.map((one) => placed.get(one)!)
}

function bestPlace(one: Named, taken: readonly Box[], trails: readonly Box[], frame: Box) {
  for (const text of one.texts) {
    const choices = [...near, ...far]
      .map(({ dx, dy, anchor, dislike }) => {
        const label = { x: round1(one.x + dx), y: round1(one.y + dy), text, anchor }
        return { label, box: boxOf(label), dx, dy, dislike }
      })
      .filter(({ box }) => isInside(box, frame) && overlap(box, taken) === 0)
      .map(({ label, box, dx, dy, dislike }) => {
        const leader =
          Math.hypot(dx, dy) > 26
            ? `M${one.x} ${one.y}L${round1(one.x + dx * 0.86)} ${round1(one.y + (dy - 5) * 0.86)}`
            : null
        return { label, box, leader, cost: dislike + overlap(box, trails) / 12 }
      })
    if (choices.length > 0) return choices.reduce((a, b) => (b.cost < a.cost ? b : a))
  }
  return null
}

/** The room a label takes. */
export function boxOf({ x, y, anchor, text }: Label): Box {
  const length = text.length * room.perLetter + 2 * room.apart
  const left = anchor === 'start' ? x - room.apart : anchor === 'end' ? x + room.apart - length : x - length / 2
  return { left, right: left + length, top: y - room.height + 3, bottom: y + 4 }
}

function around({ x, y }: Spot, reach: number): Box {
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }
}

/** Shared area with all the boxes, in square units. */
function overlap(box: Box, others: readonly Box[]): number {
  return others.reduce((sum, other) => {
    const across = Math.min(box.right, other.right) - Math.max(box.left, other.left)
    const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top)
    return sum + (across > 0 && down > 0 ? across * down : 0)
  }, 0)
}

function isInside(box: Box, frame: Box): boolean {
  return box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}

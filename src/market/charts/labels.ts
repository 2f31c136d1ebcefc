export type Spot = { x: number; y: number }
export type Box = { left: number; right: number; top: number; bottom: number }
export type Label = Spot & { text: string; anchor: 'start' | 'middle' | 'end' }

/**
 * A point on the map: its head, and the possible texts, the best first; none for a head without a name. `first`: before others;
 * `after`: what may follow the text and has room too.
 */
export type Named = Spot & { texts: readonly string[]; first?: boolean; after?: string }

/** A placed name; `leader` is a line from the head to a name that is further away. */
export type Placed = { label: Label; leader: Line | null } | null
export type Line = { from: Spot; to: Spot }

/** Room a letter takes, in drawing units, at the largest text the stylesheet uses (a phone): apart there is apart everywhere. */
const room = { perLetter: 8.6, height: 17, apart: 3 }
/** A letter of the widest typeface a system falls back to; at the frame's sides a name has this much, or it would be cut. */
const widestLetter = 11

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
const far = [26, 38, 52, 70, 92, 118].flatMap((reach) =>
  Array.from({ length: 16 }, (_, i) => {
    const angle = (i * Math.PI) / 8
    const [dx, dy] = [reach * Math.cos(angle), reach * Math.sin(angle) + 5]
    const anchor: Label['anchor'] = Math.abs(dx) < 8 ? 'middle' : dx > 0 ? 'start' : 'end'
    return { dx, dy, anchor, dislike: reach }
  }),
)
const places = [...near, ...far]

/**
 * Names that do not cover each other, a head or the labels in the corners, and stay in the frame; their leaders cross neither
 * each other nor a name. Where a name finds no room a shorter text is tried; one that finds none is left out (null), and the
 * table beside the map still has it.
 */
export function placeLabels(
  named: readonly Named[],
  given: { frame: Box; corners: readonly Box[]; trails: readonly Spot[] },
): Placed[] {
  const taken: Taken = {
    boxes: [...given.corners, ...named.map((one) => around(one, 8))],
    names: [...given.corners],
    leaders: [],
  }
  const trails = given.trails.map((spot) => around(spot, 4))
  const placed = new Map<Named, Placed>()
  // Names with the most neighbours are placed first: the others have more places to choose from.
  const crowd = (one: Named) => named.filter((other) => Math.hypot(one.x - other.x, one.y - other.y) < 70).length
  const urgency = new Map(named.map((one) => [one, (one.first ? named.length + 1 : 0) + crowd(one)]))
  for (const one of [...named].sort((a, b) => urgency.get(b)! - urgency.get(a)!)) {
    const best = bestPlace(one, taken, trails, given.frame)
    if (best) {
      taken.boxes.push(best.box)
      taken.names.push(best.box)
      if (best.leader) taken.leaders.push(best.leader)
    }
    placed.set(one, best && { label: best.label, leader: best.leader })
  }
  return named.map((one) => placed.get(one)!)
}

/** What later names keep clear of: heads, corners and names; among them the texts alone; and leaders. */
type Taken = { boxes: Box[]; names: Box[]; leaders: Line[] }

function bestPlace(one: Named, taken: Taken, trails: readonly Box[], frame: Box) {
  for (const text of one.texts) {
    let best: { label: Label; box: Box; leader: Line | null; cost: number } | null = null
    for (const place of places) {
      // It cannot cost less than it is disliked.
      if (best !== null && place.dislike >= best.cost) continue
      const label = { x: round1(one.x + place.dx), y: round1(one.y + place.dy), text, anchor: place.anchor }
      const whole = { ...label, text: text + (one.after ?? '') }
      const box = boxOf(whole)
      if (!isInside(boxOf(whole, widestLetter), frame) || overlap(box, taken.boxes) > 0) continue
      if (taken.leaders.some((line) => passes(line, box))) continue
      const leader = leaderTo(one, place)
      if (leader !== null && isCrossed(leader, taken)) continue
      const cost = place.dislike + overlap(box, trails) / 12
      if (best === null || cost < best.cost) best = { label, box, leader, cost }
    }
    if (best !== null) return best
  }
  return null
}

/** The line to a name that is too far away to be seen as the head's own. */
function leaderTo({ x, y }: Spot, { dx, dy }: { dx: number; dy: number }): Line | null {
  if (Math.hypot(dx, dy) <= 26) return null
  return { from: { x, y }, to: { x: round1(x + dx * 0.86), y: round1(y + (dy - 5) * 0.86) } }
}

function isCrossed(leader: Line, { names, leaders }: Taken): boolean {
  return names.some((box) => passes(leader, box)) || leaders.some((other) => crosses(leader, other))
}

/** Whether two lines have a point in common that is inside both. */
export function crosses(one: Line, other: Line): boolean {
  const sides = (line: Line, { from, to }: Line) => sideOf(line, from) * sideOf(line, to)
  return sides(one, other) < 0 && sides(other, one) < 0
}

/** On which side of a line a spot lies: the sign. */
function sideOf({ from, to }: Line, { x, y }: Spot): number {
  return (to.x - from.x) * (y - from.y) - (to.y - from.y) * (x - from.x)
}

/** Whether a line runs through a box. */
export function passes({ from, to }: Line, box: Box): boolean {
  if (Math.max(from.x, to.x) < box.left || Math.min(from.x, to.x) > box.right) return false
  if (Math.max(from.y, to.y) < box.top || Math.min(from.y, to.y) > box.bottom) return false
  const across = sharesWithin(from.x, to.x, box.left, box.right)
  const down = sharesWithin(from.y, to.y, box.top, box.bottom)
  return Math.max(across.enter, down.enter, 0) < Math.min(across.leave, down.leave, 1)
}

/** At which shares of its way from `start` to `end` a line that meets this stretch enters and leaves it. */
function sharesWithin(start: number, end: number, low: number, high: number): { enter: number; leave: number } {
  if (start === end) return { enter: 0, leave: 1 }
  const [one, other] = [(low - start) / (end - start), (high - start) / (end - start)]
  return { enter: Math.min(one, other), leave: Math.max(one, other) }
}

/** The room a label takes. */
export function boxOf({ x, y, anchor, text }: Label, perLetter = room.perLetter): Box {
  const length = text.length * perLetter + 2 * room.apart
  const left = anchor === 'start' ? x - room.apart : anchor === 'end' ? x + room.apart - length : x - length / 2
  return { left, right: left + length, top: y - room.height + 3, bottom: y + 4 }
}

function around({ x, y }: Spot, reach: number): Box {
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }
}

/** Shared area with all the boxes, in square units. */
function overlap(box: Box, others: readonly Box[]): number {
  let shared = 0
  for (const other of others) {
    const across = Math.min(box.right, other.right) - Math.max(box.left, other.left)
    const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top)
    if (across > 0 && down > 0) shared += across * down
  }
  return shared
}

function isInside(box: Box, frame: Box): boolean {
  return box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}

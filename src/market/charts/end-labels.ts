/** The least distance between two labels, in CSS pixels. */
const apart = 17

/**
 * Where labels of lines stand beside the ends of these: as near to the given heights as can be without covering each other, in the same
 * order from top to bottom, between `top` and `bottom` where there is room for all of them.
 */
export function besideEnds(heights: readonly number[], { top, bottom }: { top: number; bottom: number }): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]! || a - b)
  const placed = new Array<number>(heights.length)
  let free = top
  for (const i of order) {
    placed[i] = Math.max(heights[i]!, free)
    free = placed[i]! + apart
  }
  let limit = bottom
  for (const i of order.toReversed()) {
    placed[i] = Math.min(placed[i]!, limit)
    limit = placed[i]! - apart
  }
  return placed
}

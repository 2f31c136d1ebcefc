/** Clockwise from the top right, the way readings usually move. */
export const quadrants = ['leading', 'weakening', 'lagging', 'improving'] as const
export type Quadrant = (typeof quadrants)[number]

/** Which quarter of the map a reading lies in. Exactly 100 counts as right and as top. */
export function quadrantOf({ ratio, momentum }: { ratio: number; momentum: number }): Quadrant {
  if (ratio >= 100) return momentum >= 100 ? 'leading' : 'weakening'
  return momentum >= 100 ? 'improving' : 'lagging'
}

/**
 * With how many digits after the point a reading is printed: at least so many, and more where they would round what is below 100 up
 * to it, which is the other side.
 */
export function readingDigits(value: number, least = 2): number {
  let digits = least
  while (value < 100 && Number(value.toFixed(digits)) >= 100) digits++
  return digits
}

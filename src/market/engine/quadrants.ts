/** Clockwise from the top right, the way readings usually move. */
export const quadrants = ['leading', 'weakening', 'lagging', 'improving'] as const
export type Quadrant = (typeof quadrants)[number]

/** Which quarter of the map a reading lies in. Exactly 100 counts as right and as top. */
export function quadrantOf({ ratio, momentum }: { ratio: number; momentum: number }): Quadrant {
  if (ratio >= 100) return momentum >= 100 ? 'leading' : 'weakening'
  return momentum >= 100 ? 'improving' : 'lagging'
}

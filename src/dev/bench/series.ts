/** One quantity, measured several times in a run. */
export type Series = { values: number[]; min: number; median: number; max: number }

/** Smallest, middle and largest of what was measured. */
export function seriesOf(values: number[]): Series {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { values, min: sorted[0]!, median, max: sorted.at(-1)! }
}

/** Change of y per unit of x, by linear regression. */
export function slopeOf(points: { x: number; y: number }[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length
  const over = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  const under = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  return under === 0 ? 0 : over / under
}

/**
 * Measures in turns, A B C, then C B A, and so on, so that other load on the machine affects all alike. The first round
 * warms up and is not counted.
 */
export async function byTurns<Name extends string>(
  rounds: number,
  measures: Record<Name, (round: number) => Promise<number>>,
): Promise<Record<Name, Series>> {
  const names = Object.keys(measures) as Name[]
  const seen = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await measures[name](round)
      if (round > 0) seen.get(name)!.push(value)
    }
  return Object.fromEntries(names.map((name) => [name, seriesOf(seen.get(name)!)])) as Record<Name, Series>
}

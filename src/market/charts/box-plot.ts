/** A spread as a box: places in percent of the width. Whiskers reach from worst to best, the box holds the middle half. */
export type Box = { worst: number; lower: number; median: number; upper: number; best: number }

type Values = Box
/** A scale that several boxes share, so that they can be compared: zero is always on it. */
export type BoxScale = { low: number; high: number; zero: number }

/** The scale on which all of these fit, with a little room at both ends. */
export function boxScaleOf(all: readonly Values[]): BoxScale {
  const least = Math.min(0, ...all.map(({ worst }) => worst))
  const most = Math.max(0, ...all.map(({ best }) => best))
  const room = 0.04 * (most - least || 1)
  const scale = { low: least - room, high: most + room }
  return { ...scale, zero: placeOn(scale, 0) }
}

/** Where a spread's values are on the scale. */
export function drawBox(values: Values, scale: BoxScale): Box {
  const place = (value: number) => placeOn(scale, value)
  const { worst, lower, median, upper, best } = values
  return {
    worst: place(worst),
    lower: place(lower),
    median: place(median),
    upper: place(upper),
    best: place(best),
  }
}

function placeOn({ low, high }: Pick<BoxScale, 'low' | 'high'>, value: number): number {
  return Math.round((10_000 * (value - low)) / (high - low)) / 100
}

/** A day of a bar chart: what came in goes up, what went out goes down; null where nothing is known. */
type Bar = { label: string; up: number | null; down?: number }

/** A point of a line; null where nothing is known, and the line stops. */
type Point = { label: string; value: number | null }

/** Lengths are SVG user units, origin at the top left. `tone` is a class; titles say what its colour means. */
export type Drawing = {
  width: number
  height: number
  left: number
  right: number
  zero: number
  lines: { y: number; text: string }[]
  labels: { x: number; text: string; anchor: 'start' | 'middle' | 'end' }[]
  bars: { x: number; y: number; width: number; height: number; tone: 'up' | 'down'; title: string }[]
  gaps: { x: number; y: number; height: number; title: string }[]
  paths: string[]
  dots: { x: number; y: number; title: string }[]
}

const width = 360
const height = 180
const edges = { left: 46, right: width - 4, top: 10, bottom: height - 22 }

/** The plot's edges; on the left there is room for the longest text of the scale, 12 units high, in a wide typeface. */
function frameFor(lines: readonly { text: string }[]) {
  const longest = Math.max(0, ...lines.map(({ text }) => text.length))
  return { ...edges, left: Math.max(edges.left, Math.ceil(8 + longest * 7.7)) }
}

/** How values are written: in full, in few characters for the scale, and the smallest step (1, or 100 paise) a scale may name. */
export type Scale = { print: (value: number) => string; short: (value: number) => string; step: number }

/** Lays out bars side by side over a common zero; unknown days after the first known one are marked. */
export function barChart(bars: readonly Bar[], { print, short, step }: Scale): Drawing {
  const first = bars.findIndex(({ up }) => up !== null)
  const highest = niceTop(Math.max(0, ...bars.map(({ up }) => up ?? 0)))
  const lowest = Math.max(0, ...bars.map(({ down }) => down ?? 0))
  const unit = (edges.bottom - edges.top) / (highest + lowest)
  const zero = round(edges.top + highest * unit)
  const lines = [
    ...scaleOf(bars.some(({ up }) => up) ? highest : 0, step).map((value) => ({
      y: round(zero - value * unit),
      text: short(value),
    })),
    // Where little goes down, its label would overlap that of zero.
    ...(lowest > highest * 0.15 ? [{ y: edges.bottom, text: `−${short(lowest)}` }] : []),
  ]
  const frame = frameFor(lines)
  const slot = (frame.right - frame.left) / Math.max(1, bars.length)
  const place = (index: number) => ({ x: round(frame.left + index * slot + slot * 0.14), width: round(slot * 0.72) })
  return {
    ...canvas(frame, zero),
    lines,
    labels: dayLabels(bars, (index) => frame.left + (index + 0.5) * slot),
    bars: bars.flatMap(({ label, up, down = 0 }, index) => [
      ...(up
        ? [
            {
              ...place(index),
              y: round(zero - up * unit),
              height: round(up * unit),
              tone: 'up' as const,
              title: `${label}: ${print(up)}`,
            },
          ]
        : []),
      ...(down
        ? [
            {
              ...place(index),
              y: zero,
              height: round(down * unit),
              tone: 'down' as const,
              title: `${label}: −${print(down)}`,
            },
          ]
        : []),
    ]),
    gaps: bars.flatMap(({ label, up }, index) =>
      up === null && index > first && first >= 0 ? [gapAt(frame.left + (index + 0.5) * slot, label)] : [],
    ),
  }
}

/** Lays out a line over a scale from 0 to `top`. It stops where a value is not known. */
export function lineChart(points: readonly Point[], { top, print, short, step }: Scale & { top: number }): Drawing {
  const y = (value: number) => round(edges.bottom - (Math.min(value, top) / top) * (edges.bottom - edges.top))
  const lines = scaleOf(top, step).map((value) => ({ y: y(value), text: short(value) }))
  const frame = frameFor(lines)
  const slot = (frame.right - frame.left) / Math.max(1, points.length)
  const x = (index: number) => round(frame.left + (index + 0.5) * slot)
  const known = points.map(({ label, value }, index) =>
    value === null ? null : { x: x(index), y: y(value), title: `${label}: ${print(value)}` },
  )
  return {
    ...canvas(frame, frame.bottom),
    lines,
    labels: dayLabels(points, x),
    gaps: [],
    paths: stretches(known).map((stretch) => `M${stretch.map((dot) => `${dot.x} ${dot.y}`).join('L')}`),
    dots: known.filter((dot) => dot !== null),
  }
}

/** The smallest round number (1, 2, 3, 4, 5, 6, 8 or 10 of something) that is not below this; 1 for nothing. */
export function niceTop(value: number): number {
  if (value <= 0) return 1
  const size = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 3, 4, 5, 6, 8, 10].map((part) => part * size).find((top) => top >= value)!
}

/** "₹850", "₹12.5 K", "₹3 L", "₹1.2 Cr": rupees of an amount in paise, short, for a scale or a tile. */
export function shortRupees(paise: number): string {
  return `₹${shortNumber(paise / 100)}`
}

/** "850", "12.5 K", "3 L", "1.2 Cr". */
export function shortNumber(value: number): string {
  const [size, unit] = value >= 1e7 ? [1e7, ' Cr'] : value >= 1e5 ? [1e5, ' L'] : value >= 1e4 ? [1e3, ' K'] : [1, '']
  const part = value / size
  return `${part.toLocaleString('en-IN', { maximumFractionDigits: unit === '' ? 0 : part >= 100 ? 0 : part >= 10 ? 1 : 2 })}${unit}`
}

/** The top, the middle where it is a whole number of steps, and zero. */
function scaleOf(top: number, step: number): number[] {
  return [top, top / 2, 0]
    .filter((value, index) => index !== 1 || value % step === 0)
    .filter((value, index) => index === 0 || value < top)
}

function canvas({ left, right }: { left: number; right: number }, zero: number) {
  return { width, height, left, right, zero, bars: [], gaps: [], paths: [], dots: [] }
}

/** The last day, and every seventh before it. */
function dayLabels(days: readonly { label: string }[], x: (index: number) => number): Drawing['labels'] {
  return days.flatMap(({ label }, index) =>
    (days.length - 1 - index) % 7 === 0
      ? [
          {
            x: round(index === days.length - 1 ? edges.right : x(index)),
            text: label,
            anchor: index === days.length - 1 ? ('end' as const) : ('middle' as const),
          },
        ]
      : [],
  )
}

function gapAt(x: number, label: string) {
  return { x: round(x), y: edges.top, height: edges.bottom - edges.top, title: `${label}: not counted yet` }
}

function stretches<Dot>(dots: readonly (Dot | null)[]): Dot[][] {
  const found: Dot[][] = [[]]
  for (const dot of dots) {
    if (dot) found.at(-1)!.push(dot)
    else if (found.at(-1)!.length > 0) found.push([])
  }
  return found.filter((stretch) => stretch.length > 0)
}

const round = (value: number) => Math.round(value * 10) / 10

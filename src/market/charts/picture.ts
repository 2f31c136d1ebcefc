import { join } from 'node:path'
import { threadPool } from '../../platform/thread-pool.ts'
import type { Analysis } from '../engine/analysis.ts'
import type { Quadrant } from '../engine/quadrants.ts'
import type { Drawing } from './picture-thread.ts'
import { mapOf, type RotationMap, textAt } from './rotation-map.ts'

/** A second or two of work may wait. Drawing takes tens of milliseconds once the thread is warm, half a second before. */
const pool = threadPool<Drawing, Uint8Array>({
  name: 'picture',
  file: join(import.meta.dirname, 'picture-thread.ts'),
  longestQueue: 20,
  limitMs: 8_000,
})

/** One and a half times the 534 px it is shown at in mails: sharp on a phone, and ten thousand of them are no burden. */
const mailWidthPx = 801
/** Of a picture to keep: sharp on a large screen and in print. */
const fileWidthPx = 1320
const colours: Record<Quadrant, string> = {
  leading: '#005d43',
  weakening: '#804d0c',
  lagging: '#961c4e',
  improving: '#21539c',
}
const [paper, ink, soft, line] = ['#ffffff', '#26211b', '#5f574c', '#8b8378']

const drawings = new WeakMap<Analysis, Promise<Buffer>>()

/** The rotation map of an analysis as a PNG of its own light ground, drawn once however many mails carry it. */
export function pictureOf(analysis: Analysis): Promise<Buffer> {
  const known = drawings.get(analysis)
  if (known) return known
  const svg = svgOf(mapOf(analysis, { names: 'all' }))
  const drawing = draw({ svg, widthPx: mailWidthPx, paper }, { patient: true })
  drawings.set(analysis, drawing)
  drawing.catch(() => drawings.delete(analysis))
  return drawing
}

const files = new WeakMap<RotationMap, Promise<Buffer>>()

/**
 * A map as a PNG that says by itself what it is: a title and its day above, paragraphs below (formula and source). Drawn once for
 * a map, whose words are always the same. Throws AppError `unavailable` when too many wait to be drawn.
 */
export function pictureWithWords(map: RotationMap, words: Words): Promise<Buffer> {
  const known = files.get(map)
  if (known) return known
  const drawing = draw({ svg: svgOf(map, words), widthPx: fileWidthPx, paper })
  files.set(map, drawing)
  drawing.catch(() => files.delete(map))
  return drawing
}

async function draw(drawing: Drawing, how = { patient: false }): Promise<Buffer> {
  return Buffer.from(await pool.run(drawing, how))
}

type Words = { title: string; day: string; below: readonly string[] }
const margin = 12
const titleHeight = 48
const lineHeight = 14

/** The map as an SVG that needs nothing else: no style sheet, no page around it. With words it has a margin, too. */
export function svgOf(map: RotationMap, words: Words | null = null): string {
  const lines = words ? words.below.flatMap((text) => linesOf(text)) : []
  const [across, above] = words ? [margin, titleHeight] : [0, 0]
  const height = map.height + (words ? titleHeight + lines.length * lineHeight + 2 * margin : 0)
  const title = words
    ? [
        text({ x: margin, y: 24 }, { text: words.title, anchor: 'start', size: 15, fill: ink, bold: true }),
        text({ x: margin, y: 41 }, { text: words.day, anchor: 'start', size: 11, fill: ink }),
      ]
    : []
  const below = lines.map((words, i) =>
    text(
      { x: margin, y: titleHeight + map.height + 18 + i * lineHeight },
      { text: words, anchor: 'start', size: 9, fill: soft },
    ),
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${map.width + 2 * across} ${height}" font-family="DejaVu Sans">`,
    ...title,
    `<g transform="translate(${across} ${above})">`,
    ...groundOf(map),
    ...map.points.toReversed().flatMap(pointOf),
    ...map.points.flatMap((point) =>
      point.place
        ? [text(point.place.label, { ...point.place.label, text: textAt(point), size: 12, fill: ink, halo: true })]
        : [],
    ),
    ...map.zones.map(({ quadrant, label }) =>
      text(label, { ...label, size: 12, fill: colours[quadrant], bold: true, halo: true }),
    ),
    '</g>',
    ...below,
    '</svg>',
  ].join('\n')
}

/** Quarters, axes and their texts. */
function groundOf({ plot, centre, zones, ticks, width, height }: RotationMap): string[] {
  return [
    ...zones.map(
      ({ quadrant, box }) =>
        `<rect x="${box.left}" y="${box.top}" width="${box.right - box.left}" height="${box.bottom - box.top}" ` +
        `fill="${colours[quadrant]}" fill-opacity="0.06"/>`,
    ),
    `<path d="M${centre.x} ${plot.top}V${plot.bottom}M${plot.left} ${centre.y}H${plot.right}" stroke="${line}" stroke-width="0.8"/>`,
    ...ticks.map((tick) =>
      text(tick, { text: tick.text, anchor: tick.axis === 'ratio' ? 'middle' : 'end', size: 10.5, fill: soft }),
    ),
    text(
      { x: width - 2, y: height - 4 },
      { text: 'Strength vs own past (RS-Ratio) →', anchor: 'end', size: 10.5, fill: soft },
    ),
    text(
      { x: plot.left, y: plot.top - 8 },
      { text: '↑ Momentum (RS-Momentum)', anchor: 'start', size: 10.5, fill: soft },
    ),
  ]
}

function pointOf({
  x,
  y,
  legs,
  dots,
  head,
  quadrant,
  isProvisional,
  place,
  isNamed,
}: RotationMap['points'][number]): string[] {
  const stroke = isProvisional ? 'stroke-dasharray="4 4"' : 'stroke-linecap="round"'
  const leader = isNamed && place?.leader
  return [
    ...legs.map(
      (leg) =>
        `<path d="${leg.path}" fill="none" stroke="${colours[leg.quadrant]}" stroke-width="1.4" ${stroke} stroke-opacity="${leg.opacity}"/>`,
    ),
    ...dots.map((dot) => `<circle cx="${dot.x}" cy="${dot.y}" r="1.8" fill="${colours[dot.quadrant]}"/>`),
    ...(leader
      ? [
          `<path d="M${leader.from.x} ${leader.from.y}L${leader.to.x} ${leader.to.y}" stroke="${line}" stroke-width="0.6"/>`,
        ]
      : []),
    `<polygon points="${head}" transform="translate(${x} ${y})" fill="${colours[quadrant]}" stroke="${paper}" stroke-width="1"/>`,
    ...(isProvisional
      ? [
          `<circle cx="${x}" cy="${y}" r="10" fill="none" stroke="${colours[quadrant]}" stroke-width="1.2" stroke-dasharray="3 2.5"/>`,
        ]
      : []),
  ]
}

/** The text in lines that fit the picture's width. */
function linesOf(text: string): string[] {
  const longest = 90
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > longest) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

type TextStyle = { text: string; anchor: string; size: number; fill: string; bold?: boolean; halo?: boolean }

function text({ x, y }: { x: number; y: number }, { text, anchor, size, fill, bold, halo }: TextStyle): string {
  const weight = bold ? ' font-weight="bold"' : ''
  const around = halo ? ` stroke="${paper}" stroke-width="2.5" stroke-linejoin="round" paint-order="stroke"` : ''
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="${fill}"${weight}${around}>${escaped(text)}</text>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

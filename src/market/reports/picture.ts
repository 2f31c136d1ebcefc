import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { renderAsync } from '@resvg/resvg-js'
import { mapOf, type RotationMap } from '../charts/rotation-map.ts'
import type { Analysis } from '../engine/analysis.ts'
import type { Quadrant } from '../engine/quadrants.ts'

const fonts = join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf')
const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => join(fonts, name))

/** One and a half times the 534 px it is shown at: sharp on a phone, and ten thousand of them are no burden. */
const widthPx = 801
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
  const drawing = draw(svgOf(mapOf(analysis)))
  drawings.set(analysis, drawing)
  drawing.catch(() => drawings.delete(analysis))
  return drawing
}

async function draw(svg: string): Promise<Buffer> {
  const image = await renderAsync(svg, {
    fitTo: { mode: 'width', value: widthPx },
    background: paper,
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  })
  return image.asPng()
}

/** The map as an SVG that needs nothing else: no style sheet, no page around it. */
export function svgOf(map: RotationMap): string {
  const zones = map.zones.map(
    ({ quadrant, x, y, width, height }) =>
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${colours[quadrant]}" fill-opacity="0.06"/>`,
  )
  const top = map.zones[0]!
  const axes = `<path d="M${map.centre.x} ${top.y}v${top.height * 2}M${top.x} ${map.centre.y}h${top.width * 2}" stroke="${line}" stroke-width="0.8"/>`
  const ticks = map.ticks.map((tick) =>
    text(tick, { text: tick.text, anchor: tick.axis === 'ratio' ? 'middle' : 'end', size: 10.5, fill: soft }),
  )
  const names = [
    text(
      { x: map.width - 2, y: map.height - 3 },
      { text: 'Strength (RS-Ratio) →', anchor: 'end', size: 10.5, fill: soft },
    ),
    text({ x: top.x, y: top.y - 7 }, { text: '↑ Momentum (RS-Momentum)', anchor: 'start', size: 10.5, fill: soft }),
  ]
  const corners = map.zones.map(({ quadrant, label }) =>
    text(label, { ...label, size: 12, fill: colours[quadrant], bold: true }),
  )
  const tails = map.points.flatMap((point) => [
    ...point.tail.map(
      ({ path, opacity }) =>
        `<path d="${path}" fill="none" stroke="${colours[point.quadrant]}" stroke-width="1.4" ${
          point.isProvisional ? 'stroke-dasharray="4 4"' : 'stroke-linecap="round"'
        } stroke-opacity="${opacity}"/>`,
    ),
    ...(point.place?.leader ? [`<path d="${point.place.leader}" stroke="${line}" stroke-width="0.6"/>`] : []),
    `<polygon points="${point.head}" fill="${colours[point.quadrant]}" stroke="${paper}" stroke-width="1"/>`,
    ...(point.isProvisional
      ? [
          `<circle cx="${point.x}" cy="${point.y}" r="10" fill="none" stroke="${colours[point.quadrant]}" stroke-width="1.2" stroke-dasharray="3 2.5"/>`,
        ]
      : []),
  ])
  const labels = map.points.flatMap(({ place }) =>
    place ? [text(place.label, { ...place.label, size: 12, fill: ink, halo: true })] : [],
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${map.width} ${map.height}" font-family="DejaVu Sans">`,
    ...zones,
    axes,
    ...ticks,
    ...names,
    ...corners,
    ...tails,
    ...labels,
    '</svg>',
  ].join('\n')
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

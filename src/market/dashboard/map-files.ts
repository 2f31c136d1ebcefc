import { stringify } from 'csv-stringify/sync'
import { escapeFormula } from '../../platform/csv.ts'
import { fmt } from '../../platform/format.ts'
import { pictureWithWords } from '../charts/picture.ts'
import { mapOf, quadrantLabels } from '../charts/rotation-map.ts'
import { quadrantOf, readingDigits } from '../engine/quadrants.ts'
import type { Analyser } from './analyser.ts'

/**
 * The map that is shown, as a PNG that says by itself of which day, formula and source it is, and whether it is a sample. In a picture
 * nothing can be pointed at, so every sector has its name there.
 */
export function mapPicture({ analysis, params, market, stamp, source }: Analyser): Promise<Buffer> {
  const { zoom } = params
  const { many, benchmark } = analysis.terms
  return pictureWithWords(mapOf(analysis, { names: 'all', zoom }), {
    title: zoom ? `${quadrantLabels[zoom].title} quarter of the rotation map` : 'Rotation map',
    day: `${fmt.date(new Date(analysis.asOf))} · ${many} against ${benchmark}${market.sample ? ' · Sample data' : ''}`,
    below: [
      `Tails of ${params.tail} ${params.step}s; ${stamp}.${analysis.provisional ? ` The ${params.step} was not over.` : ''}`,
      `${source}.`,
      'Past relative strength, described: not investment advice and not a recommendation about any security.',
      'D’s Sector ETF RS Analyzer',
    ],
  })
}

/**
 * The tails that are shown as a CSV file (UTF-8 with the mark that Excel needs, CRLF): a row for every bar of each, the strongest
 * sector first and each from its oldest bar; with a quarter shown alone, the sectors in it and their bars in it. Readings have four
 * decimals, and more only where those would round one below 100 up to it. Benchmark, step and universe are in every row, in the
 * words of the page's address.
 */
export function mapCsv({ analysis, params, source, market, benchmark }: Analyser): string {
  const head = [
    'Date',
    'Symbol',
    'Name',
    'RS-Ratio',
    'RS-Momentum',
    'Quadrant',
    'Formula',
    'As of',
    'Sample data',
    'Source',
    'Against',
    'Step',
    'Universe',
  ]
  const shown = analysis.sectors.filter((one) => params.zoom === null || one.quadrant === params.zoom)
  const lines = shown.flatMap((one) =>
    one.tail
      .filter((reading) => params.zoom === null || quadrantOf(reading) === params.zoom)
      .map((reading) => [
        reading.day,
        escapeFormula(one.symbol),
        escapeFormula(one.name),
        reading.ratio.toFixed(readingDigits(reading.ratio, 4)),
        reading.momentum.toFixed(readingDigits(reading.momentum, 4)),
        quadrantOf(reading),
        one.formula!,
        analysis.asOf,
        market.sample ? 'yes' : 'no',
        escapeFormula(source),
        escapeFormula(benchmark.symbol),
        analysis.step,
        params.universe ?? 'sector',
      ]),
  )
  return stringify([head, ...lines], { bom: true, record_delimiter: 'windows' })
}

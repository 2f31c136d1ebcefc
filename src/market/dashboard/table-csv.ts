import { stringify } from 'csv-stringify/sync'
import { escapeFormula } from '../../platform/csv.ts'
import { notesOf } from '../engine/gaps.ts'
import type { Analyser } from './analyser.ts'
import { numberColumns, roundedIn, titleWithUnit } from './columns.ts'

/**
 * The rank table as a CSV file (UTF-8 with the mark that Excel needs, CRLF): one head, a row a sector in the requested order, the
 * benchmark's last, numbers rounded as on the page. As-of date, formula, why a cell is empty, source, benchmark, whether it is a
 * sample, step and universe are in every row, so that they stay with it wherever it is pasted.
 */
export function tableCsv({ rows, analysis, source, market, params, benchmark }: Analyser): string {
  const head = [
    'As of',
    'Rank',
    'Ranked',
    'Rank a week before',
    'Sector',
    'ETF',
    'Quadrant',
    ...numberColumns.map((column) => titleWithUnit(column, params)),
    'Formula',
    { day: 'Day not over', week: 'Week not over', month: 'Month not over' }[analysis.step],
    'Notes',
    'Sample data',
    'Source',
    'Against',
    'Step',
    'Universe',
  ]
  const basis = [analysis.step, params.universe ?? 'sector']
  const lines = rows.map((one) => [
    analysis.asOf,
    one.rank ?? '',
    analysis.ranked,
    one.rankBefore ?? '',
    escapeFormula(one.name),
    escapeFormula(one.symbol),
    one.quadrant ?? '',
    ...numberColumns.map((column) => roundedIn(column, one) ?? ''),
    one.formula ?? '',
    analysis.provisional ? 'yes' : 'no',
    escapeFormula(notesOf(one, analysis.step).join('. ')),
    market.sample ? 'yes' : 'no',
    escapeFormula(source),
    escapeFormula(benchmark.symbol),
    ...basis,
  ])
  const against = [
    analysis.asOf,
    '',
    analysis.ranked,
    '',
    escapeFormula(benchmark.name),
    escapeFormula(benchmark.symbol),
    '',
    ...numberColumns.map((column) => roundedIn(column, benchmark.figures) ?? ''),
    '',
    analysis.provisional ? 'yes' : 'no',
    `Benchmark, not ranked${params.returns === 'excess' ? '; its own returns, in percent' : ''}`,
    market.sample ? 'yes' : 'no',
    escapeFormula(source),
    '',
    ...basis,
  ]
  return stringify([head, ...lines, against], { bom: true, record_delimiter: 'windows', quoted_string: true })
}

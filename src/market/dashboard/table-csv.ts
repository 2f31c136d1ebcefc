import { stringify } from 'csv-stringify/sync'
import { escapeFormula } from '../../platform/csv.ts'
import { notesOf } from '../engine/gaps.ts'
import type { Analyser } from './analyser.ts'
import { columnOf, numberColumns } from './columns.ts'

/**
 * The rank table as a CSV file (UTF-8 with the mark that Excel needs, CRLF): one head, a row a sector in the
 * requested order, numbers rounded as on the page. As-of date, formula, why a cell is empty, source and whether it is a
 * sample are in every row, so that they stay with it wherever it is pasted.
 */
export function tableCsv({ rows, analysis, source, market }: Analyser): string {
  const head = [
    'As of',
    'Rank',
    'Ranked',
    'Rank a week before',
    'Sector',
    'ETF',
    'Quadrant',
    ...numberColumns.map(({ title, signed }) => (signed ? `${title} (%)` : title.replace('Mom.', 'Momentum'))),
    'Formula',
    'Week not over',
    'Notes',
    'Sample data',
    'Source',
  ]
  const lines = rows.map((one) => [
    analysis.asOf,
    one.rank ?? '',
    analysis.ranked,
    one.rankBefore ?? '',
    escapeFormula(one.name),
    escapeFormula(one.symbol),
    one.quadrant ?? '',
    ...numberColumns.map(({ key }) => rounded(columnOf(key), one)),
    one.formula ?? '',
    analysis.provisional ? 'yes' : 'no',
    escapeFormula(notesOf(one, analysis.step).join('. ')),
    market.sample ? 'yes' : 'no',
    escapeFormula(source),
  ])
  return stringify([head, ...lines], { bom: true, record_delimiter: 'windows', quoted_string: true })
}

function rounded({ value, digits }: ReturnType<typeof columnOf>, one: Analyser['rows'][number]): number | '' {
  const number = value(one)
  return number === null ? '' : Number(number.toFixed(digits)) + 0
}

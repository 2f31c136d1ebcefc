import { stringify } from 'csv-stringify/sync'
import { escapeFormula } from '../../platform/csv.ts'
import type { Comparison } from '../engine/comparison.ts'
import { rounded } from './columns.ts'

/**
 * The lines of a comparison as a CSV file (UTF-8 with the mark that Excel needs, CRLF), the oldest bar first: of each sector relative
 * strength and price, both 100 at its first bar, and the benchmark's price. Benchmark, source and whether it is a sample are in
 * every row.
 */
export function compareCsv(
  { step, days, benchmark, lines }: Comparison,
  { against, sample, source }: { against: string; sample: boolean; source: string },
): string {
  const symbols = lines.flatMap(({ symbol }) => [`${symbol} RS`, `${symbol} price`])
  const head = [step === 'week' ? 'Week up to' : 'Day', ...symbols, `${against} price`]
  const rows = days.map((day, bar) => [
    day,
    ...lines.flatMap(({ rs, price }) => [rounded(rs[bar]!, 2) ?? '', rounded(price[bar]!, 2) ?? '']),
    rounded(benchmark[bar]!, 2) ?? '',
    escapeFormula(against),
    sample ? 'yes' : 'no',
    escapeFormula(source),
  ])
  return stringify([[...head.map(escapeFormula), 'Against', 'Sample data', 'Source'], ...rows], {
    bom: true,
    record_delimiter: 'windows',
    quoted_string: true,
  })
}

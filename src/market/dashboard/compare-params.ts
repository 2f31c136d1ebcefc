import { AppError } from '../../platform/errors.ts'
import { firstOf, QueryText } from '../../platform/query-text.ts'
import { type Static, Type } from '../../platform/schema.ts'
import type { HistorySpan } from '../engine/history.ts'
import { type AnalyserParams, analysisUrl, withParams } from './analysis-params.ts'
import { readSpan, SectorQuery, usualSpan } from './sector-params.ts'

/** What the comparison draws: relative strength against the benchmark, or prices beside the benchmark's. */
export const lineKinds = ['rs', 'price'] as const
export type LineKind = (typeof lineKinds)[number]

/** No more lines can be told from each other. */
export const mostCompared = 4

/** What the comparison shows: the analyser's parameters, how far back the chart goes, its lines, and the symbols in their order. */
export type CompareParams = { analyser: AnalyserParams; span: HistorySpan; lines: LineKind; symbols: readonly string[] }

/** The query string of the comparison: a sector page's, the lines, and each symbol as one more `with`. */
export const CompareQuery = Type.Object({ ...SectorQuery.properties, lines: QueryText, with: QueryText })
type Query = Static<typeof CompareQuery>

/** Reads span, lines and symbols; a repeated symbol counts once. Throws AppError `invalid` for a span or lines that there are not. */
export function readCompared(query: Query): Omit<CompareParams, 'analyser'> {
  const given = firstOf(query.lines) || 'rs'
  const lines = lineKinds.find((one) => one === given)
  if (!lines) throw new AppError('invalid', 'The chart shows relative strength or prices. Please choose one of them.')
  const symbols = [query.with ?? []].flat().filter((symbol) => symbol !== '')
  return { span: readSpan(query), lines, symbols: [...new Set(symbols)] }
}

/** The address of a comparison; what is usual is left out. */
export function compareUrl(
  params: CompareParams,
  changes: Partial<CompareParams> = {},
  path = '/dashboard/compare',
): string {
  const { analyser, span, lines, symbols } = { ...params, ...changes }
  const own = new URLSearchParams(symbols.map((symbol): [string, string] => ['with', symbol]))
  if (span !== usualSpan) own.set('span', span)
  if (lines !== 'rs') own.set('lines', lines)
  return withParams(analysisUrl(analyser, {}, path), own)
}

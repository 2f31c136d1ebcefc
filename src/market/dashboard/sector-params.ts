import { AppError } from '../../platform/errors.ts'
import { firstOf, QueryText } from '../../platform/query-text.ts'
import { Type } from '../../platform/schema.ts'
import { type HistorySpan, historySpans } from '../engine/history.ts'
import { type AnalyserParams, AnalyserQuery, analysisUrl, withParams } from './analysis-params.ts'

/** The query string of a sector's page: the analyser's, and how far back its charts go. */
export const SectorQuery = Type.Object({
  ...AnalyserQuery.properties,
  span: QueryText,
})

const spanTitles: Record<HistorySpan, string> = { '3m': '3M', '1y': '1Y', '2y': '2Y', '5y': '5Y' }
/** How far back charts go unless a reader chooses. */
export const usualSpan: HistorySpan = '2y'

/** The spans to choose from, each with its address. */
export function spanChoices(
  shown: HistorySpan,
  hrefOf: (span: HistorySpan) => string,
): { title: string; href: string; isShown: boolean }[] {
  return (Object.keys(historySpans) as HistorySpan[]).map((one) => ({
    title: spanTitles[one],
    href: hrefOf(one),
    isShown: one === shown,
  }))
}

/** Reads the span; of repeated ones the first counts. Throws AppError `invalid` for one that there is not. */
export function readSpan({ span }: { span?: string | string[] | undefined }): HistorySpan {
  const given = firstOf(span)
  if (given === '') return usualSpan
  if (!Object.hasOwn(historySpans, given))
    throw new AppError('invalid', 'The charts go back 3 months, 1, 2 or 5 years. Please choose one of them.')
  return given as HistorySpan
}

/** The address of a sector's page; the usual span is left out. */
export function sectorUrl(symbol: string, params: AnalyserParams, span: HistorySpan): string {
  const own = new URLSearchParams(span === usualSpan ? {} : { span })
  return withParams(analysisUrl(params, {}, `/dashboard/sectors/${encodeURIComponent(symbol)}`), own)
}

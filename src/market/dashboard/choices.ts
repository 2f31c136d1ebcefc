import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { benchmarkIn, type Followed, type Market, membersOf, universeTitles } from '../engine/market.ts'
import { findPresentSymbol } from '../instruments/names/queries.ts'
import { type Universe, universes } from '../instruments/queries.ts'
import { type AnalyserParams, universeIn } from './analysis-params.ts'

/** What is measured and what it is measured against; null is the usual. */
export type Measuring = Pick<AnalyserParams, 'against' | 'universe'>

/** An option of a select. `value`: in the address, '' for the usual one. */
export type Choice = { value: string; label: string; isChosen: boolean }

/** What can be chosen in this market; a universe in which there is nothing to rank is none, unless it is the chosen one. */
export function measuringChoices(
  market: Market,
  { against, universe }: Measuring,
): Record<'against' | 'universe', Choice[]> {
  const chosen = against ?? market.benchmark?.symbol
  const isOffered = (one: Universe) =>
    one === (universe ?? 'sector') || membersOf(market, one, market.benchmark).length > 0
  return {
    against: market.benchmarks.map(({ symbol, name }) => ({
      value: symbol === market.benchmark?.symbol ? '' : symbol,
      label: name,
      isChosen: symbol === chosen,
    })),
    universe: universes.filter(isOffered).map((one) => ({
      value: universeIn({ universe: one }) ?? '',
      label: universeTitles[one],
      isChosen: one === (universe ?? 'sector'),
    })),
  }
}

/** The benchmark of this symbol, and how it is written in addresses: the usual one as null. Throws AppError `not-found` for none. */
export function resolveBenchmark(
  market: Market,
  symbol: string | null,
): { against: string | null; benchmark: Followed } {
  const against = symbol === market.benchmark?.symbol ? null : symbol
  const benchmark = benchmarkIn(market, against)
  if (benchmark === null) throw new AppError('not-found', 'There is no such benchmark.')
  return { against, benchmark }
}

/** The present symbol of what had this one when its page was bookmarked; the same one where nothing is known of it. */
export async function presentSymbol<Given extends string | null>(
  sql: Sql,
  market: Market,
  symbol: Given,
): Promise<Given | string> {
  if (symbol === null || market.shown.some((one) => one.symbol === symbol)) return symbol
  return (await findPresentSymbol(sql, symbol)) ?? symbol
}

import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { quadrantLabels } from '../charts/rotation-map.ts'
import type { Analysis } from '../engine/analysis.ts'
import { cachedAnalysis, type Market, universeTitles } from '../engine/market.ts'
import type { Quadrant } from '../engine/quadrants.ts'
import { numberFormats } from '../engine/summary.ts'
import { findPresentSymbol } from '../instruments/names/queries.ts'
import { universes } from '../instruments/queries.ts'
import { saveStar } from './queries.ts'

/** How many sectors a person may star. */
export const mostStars = 50

/** A sector on the page of the watch-list. Numbers are text; '–' where there is none. */
type Watched = {
  symbol: string
  name: string
  rank: string
  moved: string
  quadrant: { key: Quadrant; mark: string; title: string; isProvisional: boolean } | null
  returns: { span: string; text: string; tone: string }[]
}
export type WatchList = {
  asOf: string | null
  starred: Watched[]
  /** What else is followed, by universe; one of which all are starred is left out. */
  others: { title: string; members: { symbol: string; name: string }[] }[]
}

const spans = ['1W', '1M', '3M'] as const

/** A person's watch-list on the newest weekly map: what they starred, the strongest first, and what else is followed, by name. */
export function watchListOf(market: Market, stars: ReadonlySet<string>): WatchList {
  const analyses = universes.flatMap(
    (universe) => cachedAnalysis(market, { step: 'week', at: null, tail: 12, universe }) ?? [],
  )
  const known = new Map(analyses.flatMap(({ sectors }) => sectors).map((one) => [one.symbol, one]))
  const followed = market.shown.filter((one) => one !== market.benchmark)
  const order = (symbol: string) => known.get(symbol)?.rank ?? Number.POSITIVE_INFINITY
  const byName = followed.toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
  return {
    asOf: market.asOf,
    starred: byName
      .filter(({ symbol }) => stars.has(symbol))
      .sort((a, b) => order(a.symbol) - order(b.symbol) || 0)
      .map((one) => watched(one, known.get(one.symbol))),
    others: universes
      .map((universe) => ({
        title: universeTitles[universe],
        members: byName.filter((one) => one.universe === universe && !stars.has(one.symbol)),
      }))
      .filter(({ members }) => members.length > 0),
  }
}

function watched(
  { symbol, name }: { symbol: string; name: string },
  one: Analysis['sectors'][number] | undefined,
): Watched {
  return {
    symbol,
    name,
    rank: one?.rank ? String(one.rank) : '–',
    moved: one ? numberFormats.moved(one) : '',
    quadrant: one?.quadrant
      ? { key: one.quadrant, ...quadrantLabels[one.quadrant], isProvisional: one.provisional !== null }
      : null,
    returns: spans.map((span) => {
      const text = numberFormats.signed(one?.returns[span] ?? null)
      return { span, text, tone: numberFormats.tone(text) }
    }),
  }
}

/**
 * Stars a sector or takes the star off; repeating it changes nothing. A symbol that was renamed means its present one. Answers
 * the sector's present symbol. Throws AppError `not-found` for one that is not followed, `conflict` with a full watch-list.
 */
export async function star(sql: Sql, userId: string, given: { symbol: string; isWanted: boolean }): Promise<string> {
  const { isWanted } = given
  const save = (symbol: string) => saveStar(sql, userId, { symbol, isWanted, most: mostStars })
  let symbol = given.symbol
  let outcome = await save(symbol)
  if (outcome === 'unknown') {
    symbol = (await findPresentSymbol(sql, symbol)) ?? symbol
    outcome = await save(symbol)
  }
  if (outcome === 'unknown') throw new AppError('not-found', 'There is no such sector.')
  if (outcome === 'full')
    throw new AppError('conflict', `A watch-list holds ${mostStars} sectors. Take one off before you add another.`)
  return symbol
}

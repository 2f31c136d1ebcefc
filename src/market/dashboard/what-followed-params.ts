import { AppError } from '../../platform/errors.ts'
import { firstOf, QueryText } from '../../platform/query-text.ts'
import { type Static, Type } from '../../platform/schema.ts'
import { type Quadrant, quadrants } from '../engine/quadrants.ts'
import { type AnalyserParams, AnalyserQuery, analysisUrl, readParams, withParams } from './analysis-params.ts'

/**
 * What the page shows: the analyser's parameters, of which it follows `against` and `universe` and keeps the others for the way back,
 * `cost` of buying and selling together in percent, and the quadrant whose entries are listed.
 */
export type WhatFollowedParams = { analyser: AnalyserParams; cost: number; into: Quadrant }

export const usual = { cost: 0.2, into: 'leading' } as const
const mostCost = 5

export const WhatFollowedQuery = Type.Object({ ...AnalyserQuery.properties, cost: QueryText, into: QueryText })
type Query = Static<typeof WhatFollowedQuery>

/** The parameters of the page. Throws AppError `invalid`, with the field where it is the cost. */
export function readWhatFollowed(query: Query): WhatFollowedParams {
  const into = firstOf(query.into) || usual.into
  const quadrant = quadrants.find((one) => one === into)
  if (!quadrant) throw new AppError('invalid', 'There is no such quadrant. Please choose one of the four.')
  const typed = typedCost(query)
  return { analyser: readParams(query), into: quadrant, cost: typed === '' ? usual.cost : parseCost(typed) }
}

/** The cost as it was typed, to be shown again. */
export function typedCost({ cost }: Query): string {
  return firstOf(cost).trim().slice(0, 20)
}

/** The page's address; what is usual is left out. */
export function whatFollowedUrl(params: WhatFollowedParams, changes: Partial<WhatFollowedParams>): string {
  const { analyser, cost, into } = { ...params, ...changes }
  const own = new URLSearchParams()
  if (cost !== usual.cost) own.set('cost', String(cost))
  if (into !== usual.into) own.set('into', into)
  return withParams(analysisUrl(analyser, {}, '/dashboard/what-followed'), own)
}

function parseCost(typed: string): number {
  const cost = /^\d{1,2}([.,]\d{1,2})?%?$/.test(typed) ? Number.parseFloat(typed.replace(',', '.')) : Number.NaN
  if (!(cost <= mostCost))
    throw new AppError('invalid', 'Please check the highlighted field.', {
      fields: { cost: `Enter a percentage from 0 to ${mostCost}, with at most two decimals, like ${usual.cost}.` },
    })
  return cost
}

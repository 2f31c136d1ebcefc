import { type Static, Type } from 'typebox'
import { AppError } from '../../platform/errors.ts'
import { type Quadrant, quadrants } from '../engine/quadrants.ts'

/** What the page shows: `cost` of buying and selling together in percent, and the quadrant whose entries are listed. */
export type WhatFollowedParams = { cost: number; into: Quadrant }

export const usual: WhatFollowedParams = { cost: 0.2, into: 'leading' }
const mostCost = 5

const Text = Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())]))
export const WhatFollowedQuery = Type.Object({ cost: Text, into: Text })
type Query = Static<typeof WhatFollowedQuery>

/** The parameters of the page. Throws AppError `invalid`, with the field where it is the cost. */
export function readWhatFollowed(query: Query): WhatFollowedParams {
  const into = firstOf(query.into) || usual.into
  const quadrant = quadrants.find((one) => one === into)
  if (!quadrant) throw new AppError('invalid', 'There is no such quadrant. Please choose one of the four.')
  const typed = typedCost(query)
  return { into: quadrant, cost: typed === '' ? usual.cost : parseCost(typed) }
}

/** The cost as it was typed, to be shown again. */
export function typedCost({ cost }: Query): string {
  return firstOf(cost).trim().slice(0, 20)
}

/** The page's address; what is usual is left out. */
export function whatFollowedUrl(params: WhatFollowedParams, changes: Partial<WhatFollowedParams>): string {
  const next = { ...params, ...changes }
  const query = new URLSearchParams()
  if (next.cost !== usual.cost) query.set('cost', String(next.cost))
  if (next.into !== usual.into) query.set('into', next.into)
  return query.size > 0 ? `/dashboard/what-followed?${query}` : '/dashboard/what-followed'
}

function firstOf(value: string | string[] | undefined): string {
  return [value].flat()[0] ?? ''
}

function parseCost(typed: string): number {
  const cost = /^\d{1,2}([.,]\d{1,2})?%?$/.test(typed) ? Number.parseFloat(typed.replace(',', '.')) : Number.NaN
  if (!(cost <= mostCost))
    throw new AppError('invalid', 'Please check the highlighted field.', {
      fields: { cost: `Enter a percentage from 0 to ${mostCost}, with at most two decimals, like ${usual.cost}.` },
    })
  return cost
}

import { AppError } from '../../platform/errors.ts'
import { firstOf, QueryText } from '../../platform/query-text.ts'
import { type Static, Type } from '../../platform/schema.ts'
import type { Day } from '../calendar/days.ts'
import { type ReturnKind, returnKinds } from '../engine/excess.ts'
import type { Step } from '../engine/frame.ts'
import { type Quadrant, quadrants } from '../engine/quadrants.ts'
import { type Universe, universes } from '../instruments/queries.ts'
import { type ColumnKey, columnOf, columns } from './columns.ts'

/** What a page of the analyser shows. All of it is in the page's address, which can be bookmarked and shared. */
export type AnalyserParams = {
  /** Which part a phone shows; a laptop shows all. */
  view: View
  step: Step
  /** The day to show; null for the newest. */
  at: Day | null
  /** Bars in a tail. */
  tail: number
  sort: ColumnKey
  dir: 'asc' | 'desc'
  /** Symbol of the sector that is highlighted. */
  focus: string | null
  /** Only the sectors that the reader starred; null for all. */
  only: 'starred' | null
  /** Symbol of the benchmark; null for the usual one. */
  against: string | null
  /** What is ranked; null for the sectors. */
  universe: Exclude<Universe, 'sector'> | null
  returns: ReturnKind
  /** The quarter of the map that is shown alone; null for all of it. */
  zoom: Quadrant | null
  /** Which names the map shows: a handful of them, or all. */
  names: 'few' | 'all'
}

export const views = ['table', 'map', 'heat'] as const
type View = (typeof views)[number]
export const steps = ['day', 'week', 'month'] as const
export const tails = [4, 8, 12, 20] as const
const defaults: AnalyserParams = {
  view: 'table',
  step: 'week',
  at: null,
  tail: 12,
  sort: 'rank',
  dir: 'asc',
  focus: null,
  only: null,
  against: null,
  universe: null,
  returns: 'absolute',
  zoom: null,
  names: 'few',
}
const dirs = ['asc', 'desc'] as const
const namings = ['few', 'all'] as const

/** The query string of every page of the analyser. Of repeated parameters the first counts. */
export const AnalyserQuery = Type.Object({
  view: QueryText,
  step: QueryText,
  at: QueryText,
  tail: QueryText,
  sort: QueryText,
  dir: QueryText,
  focus: QueryText,
  only: QueryText,
  against: QueryText,
  universe: QueryText,
  returns: QueryText,
  zoom: QueryText,
  names: QueryText,
})

/** Reads the parameters. Throws AppError `invalid` for a value that the analyser does not know. */
export function readParams(query: Static<typeof AnalyserQuery>): AnalyserParams {
  const given = (name: keyof AnalyserParams) => firstOf(query[name])
  const oneOf = <Value extends string>(values: readonly Value[], name: keyof AnalyserParams, usual: Value): Value => {
    const found = given(name) === '' ? usual : values.find((value) => value === given(name))
    if (found === undefined)
      throw new AppError('invalid', `The analyser knows no such “${name}”: it is one of ${values.join(', ')}.`)
    return found
  }
  const sort = oneOf(
    columns.map((column) => column.key),
    'sort',
    defaults.sort,
  )
  return {
    view: oneOf(views, 'view', defaults.view),
    step: oneOf(steps, 'step', defaults.step),
    at: given('at') === '' ? null : parseDay(given('at')),
    tail: Number(oneOf(tails.map(String), 'tail', String(defaults.tail))),
    sort,
    dir: oneOf(dirs, 'dir', columnOf(sort).first),
    focus: given('focus') || null,
    only: given('only') === '' ? null : oneOf(['starred'] as const, 'only', 'starred'),
    against: given('against') || null,
    universe: universeIn({ universe: oneOf(universes, 'universe', 'sector') }),
    returns: oneOf(returnKinds, 'returns', defaults.returns),
    zoom: given('zoom') === '' ? null : oneOf(quadrants, 'zoom', quadrants[0]),
    names: oneOf(namings, 'names', defaults.names),
  }
}

/** The address of a page with these parameters and changes; parameters at their default are left out. */
export function analysisUrl(
  params: AnalyserParams,
  changes: Partial<AnalyserParams> = {},
  path = '/dashboard',
): string {
  const next = { ...params, ...changes }
  const omitted = { ...defaults, dir: columnOf(next.sort).first }
  const names = (Object.keys(defaults) as (keyof AnalyserParams)[]).filter((name) => next[name] !== omitted[name])
  const query = new URLSearchParams(Object.fromEntries(names.map((name) => [name, String(next[name])]))).toString()
  return query ? `${path}?${query}` : path
}

/** An address with these parameters after those that it has. */
export function withParams(url: string, further: URLSearchParams): string {
  return further.size === 0 ? url : `${url}${url.includes('?') ? '&' : '?'}${further}`
}

/** The universe of an instrument as pages name it: the sectors by nothing, so that each page has one address. */
export function universeIn({ universe }: { universe: Universe }): AnalyserParams['universe'] {
  return universe === 'sector' ? null : universe
}

/** Reads a day. Throws AppError `invalid` for what is none. */
export function parseDay(text: string): Day {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text)
    throw new AppError('invalid', 'That is not a day. Days are written like 2026-11-20.')
  return text
}

import { type Static, Type } from 'typebox'
import { AppError } from '../../platform/errors.ts'
import type { Day } from '../calendar/days.ts'
import { type ColumnKey, columnOf, columns } from './columns.ts'

/** What a reader of the analyser asked for; it stands in the address of the page, so that it can be kept and shared. */
export type Asked = {
  /** Which part a phone shows; a laptop shows all. */
  view: View
  step: 'week' | 'day'
  /** The day to look at; null for the newest. */
  at: Day | null
  /** Bars in a tail. */
  tail: number
  sort: ColumnKey
  dir: 'asc' | 'desc'
  /** Symbol of the sector that stands out. */
  focus: string | null
}

export const views = ['table', 'map', 'heat'] as const
export type View = (typeof views)[number]
export const steps = ['week', 'day'] as const
export const tails = [4, 8, 12, 20] as const
const plain: Asked = { view: 'table', step: 'week', at: null, tail: 12, sort: 'rank', dir: 'asc', focus: null }
const dirs = ['asc', 'desc'] as const

const Text = Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())]))
/** The query string of every page of the analyser. Of doubled ones the first counts. */
export const AskedInQuery = Type.Object({
  view: Text,
  step: Text,
  at: Text,
  tail: Text,
  sort: Text,
  dir: Text,
  focus: Text,
})

/** Reads the question. Throws AppError `invalid` for what the analyser has no answer to. */
export function askedIn(query: Static<typeof AskedInQuery>): Asked {
  const given = (name: keyof Asked) => [query[name]].flat()[0] ?? ''
  const sort = oneOf(
    columns.map((column) => column.key),
    given('sort'),
    plain.sort,
  )
  return {
    view: oneOf(views, given('view'), plain.view),
    step: oneOf(steps, given('step'), plain.step),
    at: given('at') === '' ? null : dayIn(given('at')),
    tail: Number(oneOf(tails.map(String), given('tail'), String(plain.tail))),
    sort,
    dir: oneOf(dirs, given('dir'), columnOf(sort).first),
    focus: given('focus') || null,
  }
}

/** The address of the question with these changes; what is as usual is left out. */
export function analysisUrl(asked: Asked, changes: Partial<Asked> = {}, path = '/dashboard'): string {
  const next = { ...asked, ...changes }
  const usual = { ...plain, dir: columnOf(next.sort).first }
  const names = (Object.keys(plain) as (keyof Asked)[]).filter((name) => next[name] !== usual[name])
  const query = new URLSearchParams(Object.fromEntries(names.map((name) => [name, String(next[name])]))).toString()
  return query ? `${path}?${query}` : path
}

function oneOf<Value extends string>(values: readonly Value[], given: string, usual: Value): Value {
  const found = given === '' ? usual : values.find((value) => value === given)
  if (found === undefined)
    throw new AppError('invalid', 'The analyser has no such view. Please start from the dashboard.')
  return found
}

function dayIn(text: string): Day {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text)
    throw new AppError('invalid', 'That is not a day. Days are written like 2026-11-20.')
  return text
}

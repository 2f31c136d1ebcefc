import { randomBytes } from 'node:crypto'
import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { highlighted } from '../../platform/errors.ts'
import { listed } from '../engine/summary.ts'
import {
  type AlertChoice,
  type AlertSettings,
  findAlertChoice,
  findAlertChoiceByLink,
  saveAlertChoice,
  turnAlertsOff,
} from './choice-queries.ts'

/** How many minutes a day must be left outside of quiet hours, so that a digest finds its way out. */
const openMinutes = 120
const dayMinutes = 1440

/** A person's choice; where nothing was chosen yet, what the form begins with. */
export async function alertChoiceOf(sql: Sql, userId: string): Promise<AlertChoice> {
  return (await findAlertChoice(sql, userId))!
}

/** The choice that the link in a mail opens; undefined for one that never was. */
export async function alertChoiceBehind(sql: Sql, link: string): Promise<AlertChoice | undefined> {
  return /^[\w-]{43}$/.test(link) ? findAlertChoiceByLink(sql, link) : undefined
}

/**
 * Saves a person's choice; `known` are the symbols that can be chosen. Throws AppError `invalid` about the fields that are not
 * valid; a form that turns the alerts off is never refused: with such a field in it the rest stays as it was.
 */
export async function chooseAlerts(
  sql: Sql,
  userId: string,
  typed: AlertForm,
  known: ReadonlySet<string>,
  by: Actor,
): Promise<void> {
  const { wanted, problems } = wantedIn(typed, known)
  const isValid = Object.keys(problems).length === 0
  if (!isValid && wanted.isOn) throw highlighted(problems)
  const kept = isValid ? wanted : { ...(await alertChoiceOf(sql, userId)), isOn: false }
  await saveAlertChoice(sql, userId, { ...kept, link: randomBytes(32).toString('base64url') }, by)
}

/** Turns the alerts off by the link in a mail; repeating it changes nothing. False: the link opens nothing. */
export async function stopAlertsByLink(sql: Sql, link: string, by: Actor): Promise<boolean> {
  return /^[\w-]{43}$/.test(link) && turnAlertsOff(sql, link, by)
}

/** "Quadrant changes and new 52-week highs of the RS line, of all sectors, on the weekly map"; null when off. */
export function describeAlerts(wanted: AlertSettings): string | null {
  if (!wanted.isOn) return null
  const rules = [
    ...(wanted.quadrant ? ['quadrant changes'] : []),
    ...(wanted.top === null ? [] : [`ranks into or out of the top ${wanted.top}`]),
    ...(wanted.mansfield ? ['Mansfield through zero'] : []),
    ...(wanted.high ? ['new 52-week highs of the RS line'] : []),
  ]
  const count = wanted.sectors.length
  const whose = {
    all: 'all sectors',
    starred: 'starred sectors',
    chosen: count === 1 ? 'one sector' : `${count} sectors`,
  }
  const map = wanted.step === 'week' ? 'weekly' : 'daily'
  const kinds = listed(rules)
  return `${kinds.charAt(0).toUpperCase()}${kinds.slice(1)}, of ${whose[wanted.scope]}, on the ${map} map`
}

export const alertFields = [
  'on',
  'step',
  'scope',
  'quadrant',
  'rank',
  'top',
  'mansfield',
  'high',
  'quietFrom',
  'quietUntil',
] as const
/** What the form sends: `sectors` are the ticked ones. */
export type AlertForm = Record<(typeof alertFields)[number], string> & { sectors: string[] }

/** What a form shows of a choice. */
export function alertFieldsOf(wanted: AlertSettings): AlertForm {
  const tick = (on: boolean) => (on ? 'yes' : '')
  return {
    on: tick(wanted.isOn),
    step: wanted.step,
    scope: wanted.scope,
    quadrant: tick(wanted.quadrant),
    rank: tick(wanted.top !== null),
    top: String(wanted.top ?? 5),
    mansfield: tick(wanted.mansfield),
    high: tick(wanted.high),
    quietFrom: timeOf(wanted.quietFrom),
    quietUntil: timeOf(wanted.quietUntil),
    sectors: wanted.sectors,
  }
}

function timeOf(minute: number | null): string {
  if (minute === null) return ''
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}

function minuteOf(time: string): number | null {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time) ?? []
  return hour === undefined ? null : Number(hour) * 60 + Number(minute)
}

/** What a form says, to be used only where there are no `problems`: a sentence for each field that is not valid. */
function wantedIn(typed: AlertForm, known: ReadonlySet<string>) {
  const fields: Record<string, string> = {}
  const { step, scope } = typed
  if (step !== 'week' && step !== 'day') fields.step = 'Please choose the weekly or the daily map.'
  if (scope !== 'all' && scope !== 'starred' && scope !== 'chosen')
    fields.scope = 'Please choose whose changes you want.'
  const sectors = scope === 'chosen' ? typed.sectors.filter((symbol) => known.has(symbol)) : []
  if (scope === 'chosen' && sectors.length === 0) fields.sectors = 'Please tick at least one sector.'
  if (typed.rank !== '' && !/^([1-9]|[1-4]\d|50)$/.test(typed.top)) fields.top = 'Please give a number from 1 to 50.'
  const rules = [typed.quadrant, typed.rank, typed.mansfield, typed.high]
  if (rules.every((tick) => tick === '')) fields.quadrant = 'Please choose at least one kind of change.'
  const [quietFrom, quietUntil] = quietIn(typed, fields)
  const wanted: AlertSettings = {
    isOn: typed.on !== '',
    step: step as AlertSettings['step'],
    scope: scope as AlertSettings['scope'],
    quadrant: typed.quadrant !== '',
    top: typed.rank === '' ? null : Number(typed.top),
    mansfield: typed.mansfield !== '',
    high: typed.high !== '',
    quietFrom,
    quietUntil,
    sectors,
  }
  return { wanted, problems: fields }
}

/** Quiet hours in minutes of the day; both null where none are wanted. Notes what is not valid in `fields`. */
function quietIn(typed: AlertForm, fields: Record<string, string>): [number | null, number | null] {
  if (typed.quietFrom === '' && typed.quietUntil === '') return [null, null]
  const [from, until] = [minuteOf(typed.quietFrom), minuteOf(typed.quietUntil)]
  if (from === null) fields.quietFrom = 'Please give a time like 22:00, or leave both empty.'
  if (until === null) fields.quietUntil = 'Please give a time like 07:00, or leave both empty.'
  if (from !== null && until !== null && (until - from + dayMinutes) % dayMinutes > dayMinutes - openMinutes)
    fields.quietUntil = 'Please leave at least two hours of the day outside.'
  if (from !== null && from === until) fields.quietUntil = 'Please give two different times.'
  return [from, until]
}

import { randomBytes } from 'node:crypto'
import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError, highlighted } from '../../platform/errors.ts'
import {
  type Cadence,
  type Choice,
  findChoice,
  findChoiceByLink,
  queueReportNow,
  type ReportSettings,
  replaceLink,
  saveChoice,
  turnOff,
} from './queries.ts'

/** "Send me one now", on one Indian day. */
export const askedADay = 3

export const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const

/** A person's choice; where nothing was chosen yet, what the form begins with. */
export async function choiceOf(sql: Sql, userId: string): Promise<Choice> {
  return (await findChoice(sql, userId))!
}

/** The choice that a manage link opens; undefined for one that was replaced or never was. */
export async function choiceBehind(sql: Sql, link: string): Promise<Choice | undefined> {
  return /^[\w-]{43}$/.test(link) ? findChoiceByLink(sql, link) : undefined
}

/**
 * Saves a person's choice. Throws AppError `invalid` about the fields that are not valid; a form that turns the reports off is
 * never refused: with such a field in it the rest stays as it was.
 */
export async function choose(sql: Sql, userId: string, typed: Record<FieldName, string>, by: Actor): Promise<void> {
  const { wanted, problems } = wantedIn(typed)
  const isValid = Object.keys(problems).length === 0
  if (!isValid && wanted.cadence !== 'off') throw highlighted(problems)
  const kept: ReportSettings = isValid ? wanted : { ...(await choiceOf(sql, userId)), cadence: 'off' }
  await saveChoice(sql, userId, { ...kept, link: newLink() }, by)
}

/** Turns the reports off by the link in a mail; repeating it changes nothing. False: the link opens nothing. */
export async function stopByLink(sql: Sql, link: string, by: Actor): Promise<boolean> {
  return /^[\w-]{43}$/.test(link) && turnOff(sql, link, by)
}

/** Gives a person another manage link; the ones in mails that were sent open nothing from now on. */
export async function renewLink(sql: Sql, userId: string, by: Actor): Promise<void> {
  await replaceLink(sql, userId, newLink(), by)
}

/**
 * Queues one report for now. `key` identifies the click, so that a double click queues one. Throws AppError `conflict` without a
 * confirmed address or running access, `busy` after three on one day.
 */
export async function askForOne(sql: Sql, userId: string, key: string, by: Actor): Promise<void> {
  if (!/^[\w-]{8,40}$/.test(key))
    throw new AppError('invalid', 'Please open the page again and press the button there.')
  const choice = await choiceOf(sql, userId)
  if (!choice.isConfirmed) throw new AppError('conflict', 'Please confirm your e-mail first.')
  if (!choice.hasAccess) throw new AppError('conflict', 'Reports need an active plan.')
  if (!(await queueReportNow(sql, userId, { key, link: newLink(), most: askedADay }, by)))
    throw new AppError('busy', `You have had ${askedADay} today. Please ask again tomorrow.`, { retryAfterS: 3600 })
}

/** "Every Saturday at 8:00 am IST"; null when off. */
export function describeSchedule({
  cadence,
  weekday,
  minute,
}: Pick<ReportSettings, 'cadence' | 'weekday' | 'minute'>): string | null {
  if (cadence === 'off') return null
  const days = cadence === 'weekly' ? `Every ${weekdays[weekday - 1]}` : 'After every trading day'
  return `${days} at ${clockOf(minute)} IST`
}

/** "8:05 am" of a minute of the day. */
function clockOf(minute: number): string {
  const hour = Math.floor(minute / 60)
  return `${hour % 12 || 12}:${String(minute % 60).padStart(2, '0')} ${hour < 12 ? 'am' : 'pm'}`
}

export const fieldNames = ['cadence', 'weekday', 'time', 'ranks', 'heat', 'map', 'excess', 'starred'] as const
type FieldName = (typeof fieldNames)[number]

/** What a form shows of a choice. */
export function fieldsOf(wanted: ReportSettings): Record<FieldName, string> {
  const { cadence, weekday, minute } = wanted
  const time = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
  const tick = (on: boolean) => (on ? 'yes' : '')
  return {
    cadence,
    weekday: String(weekday),
    time,
    ranks: tick(wanted.ranks),
    heat: tick(wanted.heat),
    map: tick(wanted.map),
    excess: tick(wanted.excess),
    starred: tick(wanted.starred),
  }
}

/** What a form says, to be used only where there are no `problems`: a sentence for each field that is not valid. */
function wantedIn(typed: Record<FieldName, string>) {
  const fields: Record<string, string> = {}
  const isCadence = (text: string): text is Cadence => ['off', 'weekly', 'daily'].includes(text)
  if (!isCadence(typed.cadence)) fields.cadence = 'Please choose weekly, daily or off.'
  if (!/^[1-7]$/.test(typed.weekday)) fields.weekday = 'Please choose a day of the week.'
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(typed.time) ?? []
  if (hour === undefined) fields.time = 'Please give a time like 08:00.'
  const [ranks, heat, map] = [typed.ranks !== '', typed.heat !== '', typed.map !== '']
  if (!ranks && !heat && !map) fields.ranks = 'Please choose at least one part of the report.'
  const wanted: ReportSettings = {
    cadence: typed.cadence as Cadence,
    weekday: Number(typed.weekday),
    minute: Number(hour) * 60 + Number(minute),
    ranks,
    heat,
    map,
    excess: typed.excess !== '',
    starred: typed.starred !== '',
  }
  return { wanted, problems: fields }
}

/** 32 random bytes as text. Migration 0021 says why it is not stored as a hash. */
function newLink(): string {
  return randomBytes(32).toString('base64url')
}

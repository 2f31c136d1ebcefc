import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { ChangeRules } from '../changes/changes.ts'
import type { ChangeStep } from '../changes/standings.ts'

/** What a person wants to be told. Quiet hours are minutes of the Indian day; null: none. `sectors` are those of scope `chosen`. */
export type AlertSettings = ChangeRules & {
  isOn: boolean
  step: ChangeStep
  scope: 'all' | 'starred' | 'chosen'
  quietFrom: number | null
  quietUntil: number | null
  sectors: string[]
}

/** A person's choice, and what follows from it. */
export type AlertChoice = AlertSettings & {
  userId: string
  email: string
  isConfirmed: boolean
  hasAccess: boolean
  /** Null until something was chosen. */
  link: string | null
  /** The session they were told up to; null before the first. */
  toldUpTo: string | null
}

/** The choice of a person; with the columns' defaults where there is no row yet. */
export async function findAlertChoice(sql: Sql, userId: string): Promise<AlertChoice | undefined> {
  const [row] = await sql<AlertChoice[]>`${choices(sql)} where u.id = ${userId} and u.deleted_at is null`
  return row
}

/** The choice that the link in a mail opens. */
export async function findAlertChoiceByLink(sql: Sql, link: string): Promise<AlertChoice | undefined> {
  const [row] = await sql<AlertChoice[]>`${choices(sql)} where c.link = ${link} and u.deleted_at is null`
  return row
}

function choices(sql: Sql) {
  return sql`
    select u.id as user_id, u.email, u.email_verified_at is not null as is_confirmed, has_access(s) is true as has_access,
           coalesce(c.is_on, false) as is_on, coalesce(c.step, 'week') as step, coalesce(c.scope, 'all') as scope,
           coalesce(c.quadrant, true) as quadrant, c.top::int as top, coalesce(c.mansfield, false) as mansfield,
           coalesce(c.high, false) as high, c.quiet_from::int as quiet_from, c.quiet_until::int as quiet_until, c.link,
           (select t.issue::text from alert_states t where t.id = c.told_state) as told_up_to,
           (select coalesce(jsonb_agg(x.symbol order by x.symbol), '[]') from alert_sectors x where x.user_id = u.id) as sectors
    from users u
    left join subscriptions s on s.user_id = u.id
    left join alert_choices c on c.user_id = u.id
  `
}

/** Saves a choice (choices.sql). The link is for a first choice only. */
export async function saveAlertChoice(
  sql: Sql,
  userId: string,
  wanted: AlertSettings & { link: string },
  by: Actor,
): Promise<void> {
  const columns = {
    is_on: wanted.isOn,
    step: wanted.step,
    scope: wanted.scope,
    quadrant: wanted.quadrant,
    top: wanted.top,
    mansfield: wanted.mansfield,
    high: wanted.high,
    quiet_from: wanted.quietFrom,
    quiet_until: wanted.quietUntil,
    sectors: wanted.sectors,
  }
  await sql`select choose_alerts(${userId}, ${sql.json(columns)}, ${wanted.link}, ${by.actor}, ${originJson(sql, by)})`
}

/** Turns the alerts off for the person whose link this is. False: it is nobody's. */
export async function turnAlertsOff(sql: Sql, link: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ known: boolean }[]>`
    select stop_alerts(${link}, ${by.actor}, ${originJson(sql, by)}) as known
  `
  return row!.known
}

import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** What somebody agreed to, when, and what is still done because of it. */
export type Consent = {
  version: string | null
  givenAt: Date | null
  withdrawnAt: Date | null
  reports: 'off' | 'weekly' | 'daily'
  alerts: boolean
  remindersStopped: boolean
  browsers: number
}

/** The consent of an account. */
export async function findConsent(sql: Sql, userId: string): Promise<Consent | undefined> {
  const [row] = await sql<Consent[]>`
    select u.consented_to as version, u.consented_at as given_at, u.consent_withdrawn_at as withdrawn_at,
           coalesce((select c.cadence from report_choices c where c.user_id = u.id), 'off') as reports,
           exists (select from alert_choices a where a.user_id = u.id and a.is_on) as alerts,
           u.reminders_stopped_at is not null as reminders_stopped,
           (select count(*)::int from known_devices d where d.user_id = u.id) as browsers
    from users u
    where u.id = ${userId} and u.deleted_at is null
  `
  return row
}

/** Withdraws consent (withdraw-consent.sql). False: it was withdrawn already. */
export async function withdrawConsent(sql: Sql, userId: string, version: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select withdraw_consent(${userId}, ${version}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** Gives consent to the present version again (change-consent.sql). False: it was given already. */
export async function giveConsent(sql: Sql, userId: string, version: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select change_consent(${userId}, true, ${version}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

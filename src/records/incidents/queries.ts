import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { IncidentKind } from './kinds.ts'

/** Something that did not agree, with both sides in `details`, until a person says what was done about it. */
export type Incident = {
  id: number
  kind: string
  subjectKey: string
  /** 1, or more when it came again with other facts after it had been resolved. */
  occurrence: number
  orderId: string | null
  userId: string | null
  details: Record<string, unknown>
  openedAt: Date
  resolvedAt: Date | null
  resolvedBy: string | null
  resolution: string | null
}

/** One incident. */
export async function findIncident(sql: Sql, id: number): Promise<Incident | undefined> {
  const [row] = await sql<Incident[]>`
    select id, kind, subject_key, occurrence, order_id, user_id, details, opened_at, resolved_at, resolved_by, resolution
    from incidents
    where id = ${id}
  `
  return row
}

/** Closes an open incident with who closed it and what was done. False: none is open. */
export async function closeIncident(sql: Sql, id: number, by: Actor & { resolution: string }): Promise<boolean> {
  const rows = await sql`
    with closed as (
      update incidents
      set resolved_at = now(), resolved_by = ${by.actor}, resolution = ${by.resolution}
      where id = ${id} and resolved_at is null
      returning id, kind, order_id, user_id
    )
    select record_audit(${by.actor}, 'incident.resolved', order_id, user_id,
                        jsonb_build_object('incident', id, 'kind', kind, 'resolution', ${by.resolution}::text),
                        ${originJson(sql, by)})
    from closed
  `
  return rows.count > 0
}

/** Opens an incident that concerns no order: one per kind and subject, another when it was resolved and the facts are others. */
export async function insertIncident(sql: Sql, kind: IncidentKind, subject: string, details: object): Promise<void> {
  await sql`select open_incident(${kind}, ${subject}, ${sql.json(details as never)})`
}

/** A pause of all mails that has lasted for a quarter of an hour while some wait. */
export async function findLongPause(sql: Sql): Promise<{ since: string; reason: string } | undefined> {
  const [row] = await sql<{ since: string; reason: string }[]>`
    select to_json(paused_since)#>>'{}' as since, pause_reason as reason
    from mail_queue
    where paused_since < now() - interval '15 minutes' and exists (select from mails where status = 'queued')
  `
  return row
}

/** Enqueues the alerts about open incidents of the last week and mails of the last two that were given up on, once each. */
export async function insertAlertMails(sql: Sql, to: string): Promise<number> {
  const [row] = await sql<{ written: number }[]>`
    select count(enqueue_mail('alert', subject_key, null, '', ${to}))::int as written
    from (
      select 'incident:' || id as subject_key from incidents where resolved_at is null and opened_at > now() - interval '7 days'
      union all
      select 'mail:' || id from mails where status = 'dead' and kind <> 'alert' and created_at > now() - interval '14 days'
    ) news
  `
  return row!.written
}

/** A mail that was given up on, without its recipient. */
export async function findDeadMail(sql: Sql, id: number) {
  const [row] = await sql<
    { id: number; kind: string; subjectKey: string; attempts: number; lastError: string | null }[]
  >`
    select id, kind, subject_key, attempts, last_error from mails where id = ${id} and status = 'dead'
  `
  return row
}

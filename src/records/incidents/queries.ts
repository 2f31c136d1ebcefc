import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
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

/** What still waits for a person, newest first. */
export async function listOpenIncidents(sql: Sql, limit: number): Promise<Incident[]> {
  return sql<Incident[]>`
    select id, kind, subject_key, occurrence, order_id, user_id, details, opened_at, resolved_at, resolved_by, resolution
    from incidents
    where resolved_at is null
    order by opened_at desc
    limit ${limit}
  `
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

/** Closes an open incident with who and what was done. False: there is none, or somebody closed it before. */
export async function closeIncident(sql: Sql, id: number, by: Actor & { resolution: string }): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), closed as (
      update incidents
      set resolved_at = now(), resolved_by = ${by.actor}, resolution = ${by.resolution}
      where id = ${id} and resolved_at is null
      returning id, kind, order_id, user_id
    )
    insert into audit (actor, action, order_id, user_id, details)
    select ${by.actor}, 'incident.resolved', order_id, user_id,
           jsonb_build_object('incident', id, 'kind', kind, 'resolution', ${by.resolution}::text)
    from closed, origin
    returning id
  `
  return rows.count > 0
}

/** Notes something that concerns no order, once per kind and subject; again when it was resolved and the facts are others. */
export async function insertIncident(sql: Sql, kind: IncidentKind, subject: string, details: object): Promise<void> {
  await sql`
    insert into incidents (kind, subject_key, details)
    values (${kind}, ${subject}, ${sql.json(details as never)})
    on conflict on constraint one_incident_per_kind_and_subject do nothing
  `
}

/** Writes the mails that tell the operator of incidents and of mails given up on, once each; the last week's only. */
export async function insertAlertMails(sql: Sql, to: string): Promise<number> {
  const written = await sql`
    insert into mails (kind, subject_key, to_email)
    select 'alert', 'incident:' || id, ${to}
    from incidents
    where resolved_at is null and opened_at > now() - interval '7 days'
    union all
    select 'alert', 'mail:' || id, ${to}
    from mails
    where status = 'dead' and kind <> 'alert' and created_at > now() - interval '14 days'
    on conflict on constraint one_mail_per_kind_and_subject do nothing
  `
  return written.count
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

import type { Sql } from '../../platform/db.ts'
import type { Incident } from '../../records/incidents/queries.ts'
import type { Cursor } from '../listing.ts'
import { below } from '../row-numbers.ts'

export type IncidentFilter = { state: 'open' | 'resolved'; kind: string; order: string }

/** Incidents, newest first: those that wait for a person, or those that do not any more. */
export async function listIncidents(sql: Sql, filter: IncidentFilter, after: Cursor | null, limit: number) {
  return sql<Incident[]>`
    select id, kind, subject_key, occurrence, order_id, user_id, details, opened_at, resolved_at, resolved_by, resolution
    from incidents
    where id < ${below(after)}
      ${filter.state === 'open' ? sql`and resolved_at is null` : sql`and resolved_at is not null`}
      ${filter.kind ? sql`and kind = ${filter.kind}` : sql``}
      ${filter.order ? sql`and order_id = ${filter.order}` : sql``}
    order by id desc
    limit ${limit}
  `
}

/** Names of the admins behind actors ('user:<id>'); other actors are not in it. */
export async function namesOf(sql: Sql, actors: string[]): Promise<Record<string, string>> {
  const rows = await sql<{ actor: string; name: string }[]>`
    select a.actor, u.name
    from (select distinct value as actor from jsonb_array_elements_text(${sql.json(actors)})) a
    join users u on u.id = user_behind(a.actor)
  `
  return Object.fromEntries(rows.map(({ actor, name }) => [actor, name]))
}

/** The other times that the same was noted. */
export async function listOccurrences(
  sql: Sql,
  { kind, subjectKey, id }: Pick<Incident, 'kind' | 'subjectKey' | 'id'>,
) {
  return sql<{ id: number; occurrence: number; openedAt: Date; resolvedAt: Date | null }[]>`
    select id, occurrence, opened_at, resolved_at
    from incidents
    where kind = ${kind} and subject_key = ${subjectKey} and id <> ${id}
    order by occurrence desc
    limit 20
  `
}

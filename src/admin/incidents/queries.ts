import type { Sql } from '../../platform/db.ts'
import type { Incident } from '../../records/incidents/queries.ts'

export type IncidentFilter = { state: 'open' | 'resolved'; kind: string; order: string }

/** Incidents below a number, newest first: those that wait for a person, or those that do not any more. */
export async function listIncidents(sql: Sql, filter: IncidentFilter, below: number, limit: number) {
  return sql<Incident[]>`
    select id, kind, subject_key, occurrence, order_id, user_id, details, opened_at, resolved_at, resolved_by, resolution
    from incidents
    where id < ${below}
      ${filter.state === 'open' ? sql`and resolved_at is null` : sql`and resolved_at is not null`}
      ${filter.kind ? sql`and kind = ${filter.kind}` : sql``}
      ${filter.order ? sql`and order_id = ${filter.order}` : sql``}
    order by id desc
    limit ${limit}
  `
}

/** Names of the admins behind actors ('user:<id>'), for what is shown. */
export async function namesOf(sql: Sql, actors: string[]): Promise<Record<string, string>> {
  const ids = [...new Set(actors)]
    .filter((actor) => /^user:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(actor))
    .map((actor) => actor.slice(5))
  if (ids.length === 0) return {}
  const rows = await sql<{ id: string; name: string }[]>`select id, name from users where id in ${sql(ids)}`
  return Object.fromEntries(rows.map(({ id, name }) => [`user:${id}`, name]))
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

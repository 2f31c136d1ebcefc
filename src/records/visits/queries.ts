import type { Sql } from '../../platform/db.ts'

/** So often a page was opened on an Indian day by visitors from one source. */
export type VisitCount = { day: string; page: string; source: string; views: number }

/** Adds counts; of a day with `most` sites and campaigns, further ones are added to 'other'. */
export async function addVisits(sql: Sql, counts: readonly VisitCount[], most: number): Promise<void> {
  await sql`select count_visits(${sql.json([...counts])}, ${most})`
}

/** Keeps where a registration came from; the first word stays, and none outlives the account. */
export async function insertRegistrationSource(sql: Sql, userId: string, source: string): Promise<void> {
  await sql`
    insert into registration_sources (user_id, source)
    select id, ${source} from users where id = ${userId} and deleted_at is null for share
    on conflict do nothing
  `
}

/** Deletes counts, and sources of registrations, that are older than `days`. Returns how many rows. */
export async function deleteOldVisits(sql: Sql, days: number): Promise<number> {
  const visits = await sql`delete from visits where day < (now() at time zone 'Asia/Kolkata')::date - ${days}::int`
  const sources = await sql`
    delete from registration_sources where registered_at < now() - make_interval(days => ${days}::int)
  `
  return visits.count + sources.count
}

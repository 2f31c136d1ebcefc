import type { Sql } from '../../platform/db.ts'
import type { Suppression } from '../../records/suppressions/queries.ts'
import type { Cursor } from '../listing.ts'
import { below } from '../row-numbers.ts'

/** A suppressed address as the list shows it, with the account that has it and how often it could not take a mail before. */
export type ListedSuppression = Suppression & { userId: string | null; softBounces: number }

/** Suppressed addresses, the newest first. `to` is the beginning of an address. */
export async function listSuppressions(sql: Sql, to: string, after: Cursor | null, limit: number) {
  const begins = to.toLowerCase()
  return sql<ListedSuppression[]>`
    select s.id, s.email, s.kind, s.reason, s.provider, s.since, u.id as user_id,
           (select count(*)::int from mail_notifications n where n.email = s.email and n.kind = 'soft-bounce') as soft_bounces
    from mail_suppressions s
    left join users u on lower(u.email) = s.email and u.deleted_at is null
    where s.id < ${below(after)} ${begins ? sql`and starts_with(s.email, ${begins})` : sql``}
    order by s.id desc
    limit ${limit}
  `
}

/** The address of a suppression; null when it was lifted. */
export async function findSuppressedEmail(sql: Sql, id: number): Promise<string | null> {
  const [row] = await sql<{ email: string }[]>`select email from mail_suppressions where id = ${id}`
  return row?.email ?? null
}

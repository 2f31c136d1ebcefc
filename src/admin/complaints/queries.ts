import type { Sql } from '../../platform/db.ts'
import { type Complaint, complaintColumns } from '../../records/complaints/queries.ts'
import type { Cursor } from '../listing.ts'
import { below } from '../row-numbers.ts'

/** Complaints, newest first: those that wait for an answer, or those that were answered. */
export async function listComplaints(sql: Sql, state: 'open' | 'answered', after: Cursor | null, limit: number) {
  return sql<Complaint[]>`
    select ${complaintColumns(sql)}
    from complaints c
    where c.id < ${below(after)}
      ${state === 'open' ? sql`and c.answered_at is null` : sql`and c.answered_at is not null`}
    order by c.id desc
    limit ${limit}
  `
}

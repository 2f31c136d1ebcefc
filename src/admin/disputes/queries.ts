import type { Dispute } from '../../billing/disputes/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { keyOfCursor } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'

/** A dispute as a line of the list. `at` is what the list is ordered by: the deadline of what waits, the end of what is over. */
export type DisputeLine = Pick<
  Dispute,
  'id' | 'orderId' | 'type' | 'status' | 'amountPaise' | 'reason' | 'respondBy' | 'openedAt' | 'closedAt'
> & { at: Date; personId: string; personName: string; planTitle: string; isLate: boolean }

/** Which disputes: those that wait, the nearest deadline first, or those that are over, the newest first. */
type DisputeFilter = { state: 'waiting' | 'closed'; status: string }

/** Disputes of a state, and of one status where one is named. */
export async function listDisputes(
  sql: Sql,
  { state, status }: DisputeFilter,
  after: Cursor | null,
  limit: number,
): Promise<DisputeLine[]> {
  const at = state === 'waiting' ? sql`coalesce(d.respond_by, d.opened_at)` : sql`d.closed_at`
  const key = after && keyOfCursor(sql, after, sql`select ${at} from disputes d where d.id = ${after.id}`)
  return sql<DisputeLine[]>`
    select d.id, d.order_id, d.type, d.status, d.amount_paise, d.reason, d.respond_by, d.opened_at, d.closed_at, ${at} as at,
           d.user_id as person_id, u.name as person_name, p.title as plan_title, (d.respond_by < now()) is true as is_late
    from disputes d
    join users u on u.id = d.user_id
    join orders o on o.id = d.order_id
    join plans p on p.key = o.plan_key
    where ${state === 'waiting' ? sql`d.closed_at is null` : sql`d.closed_at is not null`}
      ${status ? sql`and d.status = ${status}` : sql``}
      ${key ? (state === 'waiting' ? sql`and (${at}, d.id) > ${key}` : sql`and (${at}, d.id) < ${key}`) : sql``}
    order by ${state === 'waiting' ? sql`${at}, d.id` : sql`${at} desc, d.id desc`}
    limit ${limit}
  `
}

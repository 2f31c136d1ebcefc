import type { Sql } from '../platform/db.ts'
import type { Subscription } from './subscriptions.ts'

/** Where does this user stand, now? The stored status may lag behind the clock, so it is computed. */
export async function findSubscriptionRow(sql: Sql, userId: string): Promise<Subscription | undefined> {
  const [row] = await sql<Subscription[]>`
    select s.user_id, status_by_now(s) as status, s.is_paid, has_access(s) is true as has_access,
           s.plan_key, p.name as plan_name, p.title as plan_title,
           s.current_period_start, s.current_period_end, s.current_period_end + interval '3 days' as grace_ends_at
    from subscriptions s
    left join plans p on p.key = s.plan_key
    where s.user_id = ${userId}
  `
  return row
}

/** Moves statuses along and notes each change. One statement; the time between runs decides nothing. */
export async function keepStatusesInStep(sql: Sql): Promise<number> {
  const changed = await sql`
    with due as (
      select s.user_id, s.status as was, status_by_now(s) as becomes
      from subscriptions s
      where s.is_paid
        and s.status in ('active', 'grace')
        and s.current_period_end <= now()
        and status_by_now(s) <> s.status
      limit 5000
      for update skip locked
    ), moved as (
      update subscriptions s
      set status = due.becomes, is_paid = due.becomes <> 'expired', updated_at = now()
      from due
      where s.user_id = due.user_id
      returning s.user_id, due.was, due.becomes
    )
    insert into audit (actor, action, user_id, details)
    select 'clock', 'subscription.' || becomes, user_id, jsonb_build_object('from', was)
    from moved
  `
  return changed.count
}

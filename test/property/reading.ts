import type { Sql } from '../../src/platform/db.ts'
import type { PropertyFixture } from './fixture.ts'
import type { BookedOrder, BookedUser } from './model.ts'

/** What our books say of these people and their orders. */
export async function readLedger(
  { sql }: PropertyFixture,
  userIds: string[],
): Promise<{ orders: BookedOrder[]; users: BookedUser[] }> {
  const orders = await sql<BookedOrder[]>`
    select o.id, o.status, o.held_at is not null as is_held, o.gateway_status = 'ACTIVE' as is_open,
      entitlement_refusal(o.user_id) as refusal,
      (select coalesce(jsonb_agg(cf_payment_id), '[]') from payments p where p.order_id = o.id and applied_at is not null) as applied,
      (select coalesce(jsonb_object_agg(cf_payment_id, amount_paise), '{}') from payments p where p.order_id = o.id and status = 'SUCCESS') as successes,
      (select count(*)::int from subscription_periods p where p.order_id = o.id and voided_at is null) as periods,
      (select count(*)::int from subscription_periods p where p.order_id = o.id and voided_at is not null) as voided,
      (select count(*)::int from subscription_periods p where p.order_id = o.id and voided_by is not null) as voided_by_hand,
      (select amount_paise from receipts r where r.order_id = o.id) as receipt_paise,
      (select count(*)::int from mails m join receipts r on r.number = m.subject_key where m.kind = 'receipt' and m.copy = 0 and r.order_id = o.id) as receipt_mails,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'status', status, 'paise', amount_paise, 'cfPaymentId', cf_payment_id)), '[]')
       from refunds r where r.order_id = o.id and id not like 'auto%') as refunds,
      (select coalesce(sum(c.amount_paise), 0)::int from credit_notes c join receipts r on r.number = c.receipt_number where r.order_id = o.id) as credited_paise,
      (select coalesce(jsonb_agg(kind || ':' || subject_key), '[]') from incidents i where i.order_id = o.id) as incidents,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'status', status, 'theirs', gateway_status)), '[]')
       from disputes d where d.order_id = o.id) as disputes
    from orders o where o.user_id in ${sql(userIds)}`
  const users = await sql<BookedUser[]>`
    select s.user_id as id, s.status, has_access(s) is true as has_access,
           (extract(epoch from s.current_period_end - now()) / 86400)::float8 as days_left,
           (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'grant', p.grant_key,
                      'days', extract(epoch from p.ends_at - p.starts_at) / 86400, 'counts', p.voided_at is null,
                      'late', greatest(0, extract(epoch from p.created_at - p.starts_at)) / 86400)), '[]')
            from subscription_periods p where p.user_id = s.user_id) as periods,
           (select coalesce(jsonb_agg(a.details ->> 'key'), '[]') from audit a
            where a.user_id = s.user_id and a.action = 'subscription.cancelled' and a.details ? 'key') as cancels,
           u.deleted_at is not null as is_gone, u.suspended_at is not null as is_suspended,
           (select coalesce(jsonb_agg(a.action order by a.id), '[]') from audit a
            where a.user_id = s.user_id and a.action in ('user.suspended', 'user.reinstated')) as standings,
           (select count(*)::int from sessions where user_id = s.user_id) as sessions,
           (select coalesce(jsonb_agg(m.kind), '[]') from mails m
            where m.user_id = s.user_id and m.status = 'queued') as queued
    from subscriptions s join users u on u.id = s.user_id
    where s.user_id in ${sql(userIds)}`
  return { orders: [...orders], users: [...users] }
}

/** Where the counters of mails and incidents do not run on: copies without a gap, one open incident, no news twice. */
export async function countsOf(sql: Sql): Promise<string[]> {
  const broken = await sql<{ what: string }[]>`
    select 'copies of mail ' || kind || ' ' || subject_key as what from mails
    group by kind, subject_key having count(*) <> max(copy) + 1
    union all
    select 'occurrences of ' || kind || ' ' || subject_key from incidents
    group by kind, subject_key
    having count(*) <> max(occurrence) or count(*) filter (where resolved_at is null) > 1
        or max(occurrence) filter (where resolved_at is null) <> max(occurrence)
    union all
    select 'told twice: ' || n.kind || ' ' || n.subject_key from incidents n
    join incidents b on (b.kind, b.subject_key, b.occurrence) = (n.kind, n.subject_key, n.occurrence - 1)
    where b.details = n.details
    union all
    select 'given to a deleted account: ' || o.id from orders o join users u on u.id = o.user_id where o.paid_at > u.deleted_at
    union all
    select 'given to a suspended account: ' || o.id from orders o
    where (select a.action from audit a where a.user_id = o.user_id and a.action in ('user.suspended', 'user.reinstated')
                                          and a.at < o.paid_at order by a.id desc limit 1) = 'user.suspended'
    union all
    select 'a payment of another order: ' || p.cf_payment_id from payments p where p.order_id like '%_other'
    union all
    select 'a secret in incident ' || id from incidents where details::text like '%session_%'
    union all
    select 'to whom nobody is: ' || m.kind from mails m join users u on u.id = m.user_id
    where m.created_at > u.deleted_at + interval '1 second' and m.kind <> 'account-deleted' and m.to_email not like '%@deleted.invalid'
    union all
    select 'opened by nobody: ' || o.id from orders o join users u on u.id = o.user_id where o.created_at > u.deleted_at`
  return broken.map(({ what }) => what)
}

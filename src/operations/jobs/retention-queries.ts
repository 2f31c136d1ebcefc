import type { Sql } from '../../platform/db.ts'

/**
 * Removes bytes and headers of settled webhooks that are older than `days`, where their month was not dropped by then: rows from before
 * there were months, and months that wait for a last settlement. Returns how many; 1,000 at most.
 */
export async function clearOldEventBodies(sql: Sql, days: number): Promise<number> {
  const cleared = await sql`
    update webhook_events
    set body = '', headers = '{}', redacted_at = now()
    where id in (
      select id
      from webhook_events
      where redacted_at is null
        and received_at < now() - make_interval(days => ${days})
        and settled_at is not null
      order by received_at
      limit 1000
    )
  `
  return cleared.count
}

/**
 * Removes whom a gift was for where nobody can redeem it any more, 30 days after that, and where its code has gone out and its
 * buyer deleted the account. Returns how many; 1,000 at most.
 */
export async function forgetOldRecipients(sql: Sql): Promise<number> {
  const [row] = await sql<{ forgotten: number }[]>`
    select forget_recipients(array(
      select g.id
      from gifts g
      join orders o on o.id = g.order_id
      join users buyer on buyer.id = g.buyer_id
      where g.recipient_email <> ''
        and ((g.redeemed_at is null
              and (g.voided_at < now() - interval '30 days' or gift_ends_at(g) < now() - interval '30 days'
                   or (o.paid_at is null and o.closed_at < now() - interval '30 days')))
             or (buyer.deleted_at is not null and not awaits_delivery(g)))
      limit 1000
    ))::integer as forgotten
  `
  return row!.forgotten
}

/**
 * Removes what people were told of changes more than 90 days ago, and the states of sessions that nobody was told of since.
 * Returns how many; 1,000 of each at most.
 */
export async function deleteOldAlerts(sql: Sql): Promise<number> {
  const digests = await sql`
    delete from alert_digests
    where (user_id, issue) in (
      select user_id, issue from alert_digests where created_at < now() - interval '90 days' limit 1000
    )
  `
  const states = await sql`
    delete from alert_states
    where id in (
      select s.id
      from alert_states s
      where s.created_at < now() - interval '90 days'
        and not exists (select from alert_choices c where c.told_state = s.id)
        and not exists (select from alert_digests d where d.from_state = s.id or d.to_state = s.id)
      limit 1000
    )
  `
  return digests.count + states.count
}

/** Forgets reports of mail providers after 90 days, and suppressions of addresses without an account after a year. Returns how many. */
export async function forgetOldSuppressions(sql: Sql): Promise<number> {
  const [row] = await sql<{ forgotten: number }[]>`select forget_old_suppressions() as forgotten`
  return row!.forgotten
}

/** Removes recipient and last error from mails, except queued ones, of accounts deleted in the last 30 days. Returns how many. */
export async function forgetDeletedRecipients(sql: Sql): Promise<number> {
  const cleared = await sql`
    update mails m
    set to_name = u.name, to_email = u.email, last_error = null
    from users u
    where u.deleted_at > now() - interval '30 days'
      and m.user_id = u.id
      and m.status <> 'queued'
      and m.to_email <> u.email
  `
  return cleared.count
}

/**
 * Removes reports and alerts that are done and were queued more than 13 months ago: a year of them can be looked at. Receipts and
 * every other mail to one person stay. Returns how many; 1,000 at most.
 */
export async function deleteOldBulkMails(sql: Sql): Promise<number> {
  const deleted = await sql`
    delete from mails
    where id in (
      select id from mails
      where bulk and created_at < now() - interval '13 months'
        and kind in ('report', 'report-late', 'sector-alert') and status <> 'queued'
      order by created_at
      limit 1000
    )
  `
  return deleted.count
}

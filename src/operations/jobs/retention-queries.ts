import type { Sql } from '../../platform/db.ts'

/** Removes bytes and headers of settled webhooks that are older than `days`. Returns how many; 1,000 at most. */
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

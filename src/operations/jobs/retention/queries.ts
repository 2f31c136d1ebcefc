import type { Sql } from '../../../platform/db.ts'

/** Empties the bytes and headers of deliveries that came so long ago and are settled. Returns how many; 1,000 at most. */
export async function clearOldEventBodies(sql: Sql, days: number): Promise<number> {
  const emptied = await sql`
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
  return emptied.count
}

/** The last mails of a deleted account (receipts that waited, the one that tells of it) have left: forgets where they went. */
export async function forgetDeletedRecipients(sql: Sql): Promise<number> {
  const forgotten = await sql`
    update mails m
    set to_name = u.name, to_email = u.email, last_error = null
    from users u
    where u.deleted_at > now() - interval '30 days'
      and m.user_id = u.id
      and m.status <> 'queued'
      and m.to_email <> u.email
  `
  return forgotten.count
}

import type { Sql } from '../../platform/db.ts'

/** Something that waits: how much, and how long the oldest of it (seconds; null where nothing waits). */
export type Waiting = { count: number; ageS: number | null }

/** How long settling the deliveries of a stretch of time took; `medianS` and `worstS` are null where none came. */
type Lag = { count: number; medianS: number | null; worstS: number | null }

/** What waits at this moment; every part is read through an index that holds only what waits. */
export type Now = {
  incidents: (Waiting & { kind: string })[]
  held: Waiting
  notGranted: Waiting
  deliveries: Waiting
  /** Of the last fourteen days. */
  deadMails: Waiting
  mails: Waiting
  /** Since when the mail server refuses us. */
  mailsPausedS: number | null
  /** Disputes that a person has to answer or look into, and the nearest deadline as ISO text. */
  disputes: { count: number; nextBy: string | null; nextInS: number | null }
  /** Cashfree cannot be reached, or has taken more than ten days. */
  refundsStuck: Waiting
  /** Not answered yet. */
  complaints: Waiting
  jobs: { name: string; error: string | null; ageS: number | null }[]
  /** The last integrity check. */
  integrity: { broken: number; ageS: number; checkedAt: string } | null
  lagHour: Lag
  lagDay: Lag
}

/** All of it in one query. */
export async function readNow(sql: Sql): Promise<Now> {
  const [row] = await sql<{ now: Now }[]>`
    with lags as (
      select received_at, extract(epoch from coalesce(settled_at, now()) - received_at) as s
      from webhook_events
      where received_at > now() - interval '1 day' and accepted and outcome is distinct from 'nothing to settle'
        and not exists (  -- settled anew because a person asked: the time until then is not the site's
          select from audit a
          where a.action = 'webhook.replayed' and a.at > now() - interval '1 day'
            and (a.details->>'delivery')::bigint = webhook_events.id
        )
    )
    select jsonb_build_object(
      'incidents', (select coalesce(jsonb_agg(k order by k."ageS" desc), '[]')
                    from (select kind, count(*) as count, extract(epoch from now() - min(opened_at)) as "ageS"
                          from incidents where resolved_at is null group by kind) k),
      'held', (select ${waiting(sql, sql`held_at`)} from orders where held_at is not null and status <> 'paid'),
      'notGranted', (select ${waiting(sql, sql`created_at`)} from orders
                     where gateway_status = 'PAID' and status <> 'paid' and held_at is null),
      'deliveries', (select ${waiting(sql, sql`received_at`)} from webhook_events where settled_at is null and accepted),
      'deadMails', (select ${waiting(sql, sql`created_at`)} from mails
                    where status = 'dead' and created_at > now() - interval '14 days'),
      -- Reports and alerts to many may take hours where a rate is kept.
      'mails', (select ${waiting(sql, sql`created_at`)} from mails
                where status = 'queued' and (not bulk or created_at < now() - interval '1 day')),
      'mailsPausedS', (select extract(epoch from now() - paused_since) from mail_queue),
      'refundsStuck', (select ${waiting(sql, sql`created_at`)} from refunds
                       where finished_at is null and (last_error is not null or created_at < now() - interval '10 days')),
      'complaints', (select ${waiting(sql, sql`received_at`)} from complaints where answered_at is null),
      'disputes', (select jsonb_build_object('count', count(*), 'nextBy', min(respond_by),
                            'nextInS', extract(epoch from min(respond_by) - now()))
                   from disputes where closed_at is null and status in ('open', 'unclear')),
      'jobs', (select coalesce(jsonb_agg(jsonb_build_object('name', name, 'error', error,
                        'ageS', extract(epoch from now() - coalesce(ended_at, started_at))) order by name), '[]')
               from job_runs
               where error is not null or ended_at < now() - interval '5 minutes' - 3 * every_ms * interval '1 millisecond'),
      'integrity', (select jsonb_build_object('broken', broken, 'ageS', extract(epoch from now() - checked_at), 'checkedAt', checked_at)
                from book_checks order by id desc limit 1),
      'lagHour', (select ${lag(sql)} from lags where received_at > now() - interval '1 hour'),
      'lagDay', (select ${lag(sql)} from lags)
    ) as now
  `
  return row!.now
}

function waiting(sql: Sql, since: ReturnType<Sql>) {
  return sql`jsonb_build_object('count', count(*), 'ageS', extract(epoch from now() - min(${since})))`
}

function lag(sql: Sql) {
  return sql`jsonb_build_object('count', count(*), 'medianS', percentile_cont(0.5) within group (order by s), 'worstS', max(s))`
}

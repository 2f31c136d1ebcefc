import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A job: its period, its last run, its failures. Times are null before the first. */
export type JobRecord = {
  name: string
  everyMs: number
  startedAt: Date | null
  endedAt: Date | null
  tookMs: number | null
  error: string | null
  runs: number
  failures: number
  failedAt: Date | null
  lastError: string | null
}

/** What the queue holds for a job: when it runs next by itself, whether it was asked for, and since when it is running. */
export type Queued = { name: string; nextAt: Date | null; asked: boolean; runningSince: Date | null }

/** Work that waits: how much (at most 1,000 are counted), since when, and how much of it waits after a failure. */
export type Backlog = { name: string; waiting: number; oldestAt: Date | null; failed: number; lastError: string | null }

/** Every job that somebody runs, by name. */
export async function listJobs(sql: Sql): Promise<JobRecord[]> {
  return sql<JobRecord[]>`
    select name, every_ms, started_at, ended_at, (extract(epoch from ended_at - started_at) * 1000)::int as took_ms, error,
           runs, failures, failed_at, last_error
    from job_runs
    order by name
  `
}

/** What pg-boss has in its queues; nothing where it never ran on this database. */
export async function listQueued(sql: Sql): Promise<Queued[]> {
  const [boss] = await sql<{ there: boolean }[]>`select to_regclass('pgboss.job') is not null as there`
  if (!boss!.there) return []
  return sql<Queued[]>`
    select regexp_replace(name, '-tick$', '') as name,
           min(start_after) filter (where state < 'active' and name like '%-tick') as next_at,
           bool_or(state < 'active' and name not like '%-tick') as asked,
           min(started_on) filter (where state = 'active') as running_since
    from pgboss.job
    where state <= 'active' and name not like '\\_\\_pgboss%'
    group by 1
  `
}

/** Work that waits for its job, read through the indexes the jobs themselves use. */
export async function listBacklogs(sql: Sql): Promise<Backlog[]> {
  return sql<Backlog[]>`
    with mail as (
      select created_at, last_error from mails where status = 'queued' order by next_attempt_at limit 1000
    ), event as (
      select received_at, outcome, settle_attempts from webhook_events
      where accepted and settled_at is null order by next_settle_at limit 1000
    ), refund as (
      select created_at, last_error from refunds where next_look_at is not null order by next_look_at limit 1000
    )
    select 'deliver-mails' as name, count(*)::int as waiting, min(created_at) as oldest_at,
           (count(*) filter (where last_error is not null))::int as failed, max(last_error) as last_error from mail
    union all
    select 'settle-events', count(*)::int, min(received_at), (count(*) filter (where settle_attempts > 0))::int,
           max(outcome) filter (where settle_attempts > 0) from event
    union all
    select 'send-refunds', count(*)::int, min(created_at), (count(*) filter (where last_error is not null))::int,
           max(last_error) from refund
  `
}

/** Records that somebody asked for a run now. False: nobody runs a job of this name. */
export async function recordRunAsked(sql: Sql, name: string, actor: Actor): Promise<boolean> {
  const rows = await sql`
    select record_audit(${actor.actor}, 'job.asked', p_origin => ${originJson(sql, actor)},
             p_details => jsonb_build_object('job', name, 'lastRun', ended_at, 'lastError', error))
    from job_runs
    where name = ${name}
  `
  return rows.count > 0
}

/** Makes what failed due at once, for one job: the pause after the failure is cut short, nothing else. Returns how many. */
export async function retryFailed(sql: Sql, name: string, actor: Actor): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select retry_failed(${name}, ${actor.actor}, ${originJson(sql, actor)}) as count
  `
  return row!.count
}

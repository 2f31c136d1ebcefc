import type { Sql } from '../../platform/db.ts'
import type { Job } from '../../platform/jobs.ts'

/** Registers every job with its interval; the record of its runs stays. */
export async function registerJobs(sql: Sql, jobs: readonly Pick<Job, 'name' | 'everyMs'>[]): Promise<void> {
  const known = jobs.map(({ name, everyMs }) => ({ name, every_ms: everyMs }))
  await sql`
    insert into job_runs (name, every_ms)
    select name, every_ms from jsonb_to_recordset(${sql.json(known)}) as job(name text, every_ms integer)
    on conflict (name) do update set every_ms = excluded.every_ms
  `
}

/** Records a run that has just ended; `error` is the first line of what went wrong. */
export async function recordRun(
  sql: Sql,
  job: Pick<Job, 'name' | 'everyMs'>,
  run: { startedAt: Date; error: string | null },
): Promise<void> {
  await sql`
    insert into job_runs as known (name, every_ms, started_at, ended_at, error, runs, failures, failed_at, last_error)
    values (${job.name}, ${job.everyMs}, ${run.startedAt}, now(), ${run.error}, 1,
            case when ${run.error}::text is null then 0 else 1 end,
            case when ${run.error}::text is null then null else now() end, ${run.error})
    on conflict (name) do update
    set every_ms = excluded.every_ms,
        started_at = excluded.started_at,
        ended_at = excluded.ended_at,
        error = excluded.error,
        runs = known.runs + 1,
        failures = known.failures + excluded.failures,
        failed_at = coalesce(excluded.failed_at, known.failed_at),
        last_error = coalesce(excluded.last_error, known.last_error)
  `
}

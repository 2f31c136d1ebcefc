import type { Sql } from '../../platform/db.ts'
import type { Job } from '../../platform/jobs.ts'
import { recordRun, registerJobs } from './queries.ts'

/**
 * The same jobs, with every run recorded for the panel: when, how long, and what went wrong. They are registered at once,
 * since some run only once a day. A record that cannot be written fails no job.
 */
export async function recordJobRuns(sql: Sql, jobs: readonly Job[]): Promise<Job[]> {
  await registerJobs(sql, jobs)
  return jobs.map((job) => ({ ...job, run: (stopping) => runRecorded(sql, job, stopping) }))
}

async function runRecorded(sql: Sql, job: Job, stopping?: AbortSignal): Promise<unknown> {
  const startedAt = new Date()
  const record = (error: string | null) => recordRun(sql, job, { startedAt, error }).catch(() => {})
  try {
    const result = await job.run(stopping)
    await record(null)
    return result
  } catch (error) {
    await record(firstLineOf(error))
    throw error
  }
}

function firstLineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text.split('\n', 1)[0] || 'failed without a word').slice(0, 300)
}

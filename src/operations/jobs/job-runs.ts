import type { Sql } from '../../platform/db.ts'
import type { Job } from '../../platform/jobs.ts'
import { announceJobs, noteRun } from './queries.ts'

/**
 * The same jobs, each run of which is noted for the panel: when, how long, and what went wrong. The first word of it is
 * that they exist, for some run only once a day. A note that cannot be written fails no job.
 */
export async function recorded(sql: Sql, jobs: readonly Job[]): Promise<Job[]> {
  await announceJobs(sql, jobs)
  return jobs.map((job) => ({ ...job, run: (stopping) => noted(sql, job, stopping) }))
}

async function noted(sql: Sql, job: Job, stopping?: AbortSignal): Promise<unknown> {
  const startedAt = new Date()
  const note = (error: string | null) => noteRun(sql, job, { startedAt, error }).catch(() => {})
  try {
    const result = await job.run(stopping)
    await note(null)
    return result
  } catch (error) {
    await note(firstLineOf(error))
    throw error
  }
}

function firstLineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text.split('\n', 1)[0] || 'failed without a word').slice(0, 300)
}

import type { Sql } from '../../platform/db.ts'
import { type Backlog, type JobRecord, listBacklogs, listJobs, listQueued, type Queued } from './queries.ts'

/** A job with everything the page says of it. `state` is what the chip shows. */
export type Job = JobRecord & {
  does: string
  every: string
  state: { label: string; tone: 'good' | 'warn' | 'bad' | 'info' }
  queued: Queued | null
  backlog: Backlog | null
}

const does: Record<string, string> = {
  'deliver-mails': 'Sends mails that are due',
  'number-receipts': 'Numbers receipts that wait for it',
  'settle-events': 'Settles what webhooks reported',
  'seal-audit': 'Seals new rows of the audit into its chain',
  'send-refunds': 'Asks Cashfree for refunds and follows them',
  reconcile: 'Asks Cashfree about orders we have not heard about',
  'raise-charges': 'Asks Cashfree for the Autopay debits of periods that end',
  'look-at-mandates': 'Asks Cashfree about Autopay mandates and their debits',
  'keep-statuses': 'Moves subscriptions on when their time is over',
  alert: 'Mails you when something needs a decision',
  figures: 'Counts the figures on the panel’s home page',
  'queue-gifts': 'Queues the codes of gifts whose day has come',
  'queue-alerts': 'Tells subscribers what changed after a session',
  'queue-reports': 'Queues the e-mail reports that are due',
  remind: 'Reminds subscribers a week and a day before the end',
  'check-books': 'Checks all records',
  clean: 'Deletes what has expired: sessions, links, old logs',
}

/** Every job with its queue and its backlog; empty where no worker ever ran on this database. */
export async function timetable(sql: Sql): Promise<Job[]> {
  const [jobs, queues, backlogs] = await Promise.all([listJobs(sql), listQueued(sql), listBacklogs(sql)])
  return jobs.map((job) => {
    const queued = queues.find(({ name }) => name === job.name) ?? null
    return {
      ...job,
      does: does[job.name] ?? 'A job of this release',
      every: intervalLabel(job.everyMs),
      state: stateOf(job, queued),
      queued,
      backlog: backlogs.find(({ name }) => name === job.name) ?? null,
    }
  })
}

function stateOf(job: JobRecord, queued: Queued | null): Job['state'] {
  if (queued?.runningSince) return { label: 'Running', tone: 'info' }
  if (job.error !== null) return { label: 'Failed', tone: 'bad' }
  if (!job.endedAt) return { label: 'Not yet run', tone: 'info' }
  // It re-queues itself after each run; three periods and five minutes without one means that no worker is there.
  const late = Date.now() - job.endedAt.getTime() > 3 * job.everyMs + 5 * 60_000
  return late ? { label: 'Late', tone: 'warn' } : { label: 'OK', tone: 'good' }
}

/** "every 10 seconds", "every minute", "every 6 hours", "once a day". */
function intervalLabel(ms: number): string {
  const units: [number, string][] = [
    [24 * 3_600_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1_000, 'second'],
  ]
  const [size, unit] = units.find(([size]) => ms >= size) ?? [1, 'millisecond']
  const count = Math.round((ms / size) * 10) / 10
  if (count === 1) return unit === 'day' ? 'once a day' : `every ${unit}`
  return `every ${count} ${unit}s`
}

import { PgBoss } from 'pg-boss'
import type { Log } from './log.ts'

/** Work that is done again and again by one process at a time, and at once when somebody wakes it. */
export type Job = { name: string; everyMs: number; run: () => Promise<unknown> }

export type Jobs = {
  /** Asks for a run now. Never throws: the next regular run finds what a lost wake missed. */
  wake(name: string): void
  /** Lets running jobs finish for at most `ms`, then stops. */
  stop(ms: number): Promise<void>
  isReady(): boolean
}

/**
 * Runs the jobs through pg-boss on the same database, with a small pool of its own. A regular run re-queues itself;
 * pg-boss's own cron (once a minute) starts the chain again should a crash break it. Across processes each run happens once.
 */
export async function startJobs(url: string, jobs: readonly Job[], log: Log): Promise<Jobs> {
  const boss = new PgBoss({
    connectionString: url,
    max: 3,
    application_name: 'etf-jobs',
    connectionTimeoutMillis: 5_000,
    // pg's own option: without it a worker waits a quarter of an hour on a line that fell silent, and no job runs.
    ...({ query_timeout: 10_000 } as object),
  })
  let troubled = 0
  boss.on('error', (error) => {
    troubled = Date.now()
    log.warn({ err: error }, 'the job queue has trouble')
  })
  await boss.start()
  for (const job of jobs) await begin(boss, job, log)
  let stopped = false
  return {
    wake(name) {
      if (!stopped) boss.send(name).catch((error) => log.warn({ err: error, job: name }, 'a job could not be woken'))
    },
    async stop(ms) {
      stopped = true
      await boss.stop({ graceful: true, timeout: ms, close: true })
    },
    // It looks for work every other second, so trouble that is over stays quiet for longer than this.
    isReady: () => !stopped && Date.now() - troubled > 10_000,
  }
}

async function begin(boss: PgBoss, job: Job, log: Log): Promise<void> {
  const tick = `${job.name}-tick`
  const next = () => boss.send(tick, null, { startAfter: job.everyMs / 1000 })
  const run = async () => {
    try {
      await job.run()
    } catch (error) {
      log.error({ err: error, job: job.name }, 'a job failed and will run again')
    }
  }
  // 'short' keeps one waiting job per queue, however often it is asked for.
  for (const queue of [job.name, tick])
    await boss.createQueue(queue, { policy: 'short', expireInSeconds: 900, retryLimit: 0, deleteAfterSeconds: 3600 })
  await boss.work(job.name, { pollingIntervalSeconds: 0.5 }, run)
  await boss.work(tick, { pollingIntervalSeconds: job.everyMs < 5_000 ? 0.5 : 2 }, async () => {
    await run()
    await next()
  })
  await boss.schedule(tick, '* * * * *')
  await next()
}

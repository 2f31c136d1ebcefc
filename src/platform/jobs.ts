import { setTimeout as pause } from 'node:timers/promises'
import { PgBoss } from 'pg-boss'
import { MayNotMigrate, mayMigrate } from './database-roles.ts'
import { backendOf, connectQueue, queueDatabase } from './job-queue-database.ts'
import type { Log } from './log.ts'
import { logBursts } from './log-bursts.ts'

/** Work that runs at intervals, in one process at a time, and at once when it is woken. */
export type Job = {
  name: string
  everyMs: number
  /** Long work ends early when `stopping` is aborted, leaving the rest to the next run. */
  run: (stopping?: AbortSignal) => Promise<unknown>
}

export type Jobs = {
  /** Requests a run now. Never throws: the next regular run finds what a lost request missed. */
  wake(name: string): void
  /** Lets running jobs finish for at most `ms`, then stops. */
  stop(ms: number): Promise<void>
  isReady(): boolean
}

/** Connections to the queue of a process that runs jobs, and of one that only wakes them. */
export const queueConnections = { worker: 3, web: 1 } as const

/**
 * Creates the job queue's own tables, or migrates them to this release, and disconnects. For the owner, before the start of an
 * application whose role may not; throws when they cannot be created.
 */
export async function prepareJobs(url: string): Promise<void> {
  const sql = connectQueue(url, { max: 2, name: 'etf-migrate', deadline: 600_000 })
  const boss = new PgBoss({ db: queueDatabase(sql), backend: await backendOf(sql), supervise: false })
  boss.on('error', () => {})
  try {
    await boss.start()
    // A newer pg-boss builds its indexes in the background, one after the other.
    while ((await boss.getBamStatus()).some(({ status }) => status === 'pending' || status === 'in_progress'))
      await pause(500)
  } finally {
    await boss.stop({ graceful: true, timeout: 5_000 })
    await sql.end({ timeout: 5 })
  }
}

/**
 * The queue for a process that runs no jobs: it sends, over one connection, and neither polls, plans nor cleans up. Opened at the
 * first wake that finds the queue's tables, which a process that runs jobs makes.
 */
export function openQueue(url: string, log: Log): Jobs {
  const sql = connectQueue(url, { max: queueConnections.web, name: 'etf-jobs', deadline: 10_000 })
  let stopped = false
  let opened: Promise<PgBoss> | undefined
  const queue = () => {
    opened ??= open().catch((error) => {
      opened = undefined
      throw error
    })
    return opened
  }
  return {
    wake(name) {
      if (stopped) return
      queue()
        .then((boss) => boss.send(name))
        .catch((error) => log.warn({ err: error, job: name }, 'a job could not be woken'))
    },
    async stop(ms) {
      stopped = true
      const boss = await opened?.catch(() => undefined)
      await boss?.stop({ graceful: true, timeout: ms })
      await sql.end({ timeout: 1 })
    },
    isReady: () => true,
  }

  async function open(): Promise<PgBoss> {
    const boss = new PgBoss({
      db: queueDatabase(sql),
      backend: await backendOf(sql),
      migrate: false,
      supervise: false,
      schedule: false,
    })
    // Told by whoever's wake failed.
    boss.on('error', () => {})
    try {
      return await boss.start()
    } catch (error) {
      await boss.stop({ graceful: false }).catch(() => {})
      throw error
    }
  }
}

/**
 * Runs the jobs through pg-boss on the same database, with a small pool of its own. A regular run re-queues itself;
 * pg-boss's own cron (once a minute) starts the chain again should a crash break it. Across processes each run happens once.
 * A role that may creates the queue's tables, also after a restore replaced the database; throws MayNotMigrate when they are
 * missing and this role may not.
 */
export async function startJobs(url: string, jobs: readonly Job[], log: Log): Promise<Jobs> {
  const stopping = new AbortController()
  // Workers poll every other second, so an outage is over when no error came for longer than this.
  const outage = logBursts(log, {
    begins: 'the job queue has trouble',
    ends: 'the job queue works again',
    quietMs: 10_000,
  })
  // Without a limit of its own a worker would wait a quarter of an hour on a silent connection, and no job would run.
  const sql = connectQueue(url, { max: queueConnections.worker, name: 'etf-jobs', deadline: 10_000 })
  let boss = await open().catch(async (error) => {
    await sql.end({ timeout: 1 })
    throw error
  })
  return {
    wake(name) {
      if (stopping.signal.aborted) return
      boss.send(name).catch((error) => log.warn({ err: error, job: name }, 'a job could not be woken'))
    },
    async stop(ms) {
      stopping.abort()
      await boss.stop({ graceful: true, timeout: ms })
      await sql.end({ timeout: 1 })
    },
    isReady: () => !stopping.signal.aborted && !outage.isOn(),
  }

  async function open(): Promise<PgBoss> {
    const owner = await mayMigrate(sql)
    const opened = new PgBoss({ db: queueDatabase(sql), backend: await backendOf(sql), migrate: owner })
    const lost = new AbortController()
    opened.on('error', (error) => {
      outage.report(error)
      if (lost.signal.aborted || !isLost(error)) return
      lost.abort()
      void reopen(opened)
    })
    try {
      await opened.start()
      const workers = new Map<string, string>()
      for (const job of jobs)
        for (const [queue, id] of await begin(opened, job, { log, stopping: stopping.signal })) workers.set(queue, id)
      void notifyDue(opened, workers, AbortSignal.any([stopping.signal, lost.signal]))
      return opened
    } catch (error) {
      await opened.stop({ graceful: false }).catch(() => {})
      if (!owner && /not installed|requires migrations/.test((error as Error).message))
        throw new MayNotMigrate('the job queue')
      throw error
    }
  }

  async function reopen(broken: PgBoss): Promise<void> {
    await broken.stop({ graceful: false }).catch(() => {})
    while (!stopping.signal.aborted) {
      try {
        boss = await open()
        return
      } catch (error) {
        outage.report(error)
        await pause(5_000, undefined, { ref: false, signal: stopping.signal }).catch(() => {})
      }
    }
  }
}

/** Names the queues that hold something due. The index that pg-boss fetches by holds what waits and nothing else. */
const dueQueues = `select distinct name from pgboss.job where state < 'active' and not blocked and start_after < now()`

/** How often a worker's queue is asked about by itself: only what `notifyDue` missed waits for it. */
const options = { pollingIntervalSeconds: 60 }

/**
 * Asks twice a second which queues hold something due, and has their workers fetch it, until `ended`: one statement, where a worker
 * of each queue would ask for itself. Errors are the queue's own events.
 */
async function notifyDue(boss: PgBoss, workers: ReadonlyMap<string, string>, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    try {
      const { rows } = await boss.getDb().executeSql(dueQueues)
      for (const { name } of rows as { name: string }[]) {
        const worker = workers.get(name)
        if (worker) boss.notifyWorker(worker)
      }
    } catch (error) {
      if (!ended.aborted) boss.emit('error', error as Error)
    }
    await pause(500, undefined, { ref: false, signal: ended }).catch(() => {})
  }
}

/** The queue's schema, tables or queues no longer exist. */
function isLost(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return code === '42P01' || code === '3F000' || /^Queue \S+ does not exist/.test(String(message))
}

/** Makes a job's two queues and works them. Returns the worker of each. */
async function begin(
  boss: PgBoss,
  job: Job,
  { log, stopping }: { log: Log; stopping: AbortSignal },
): Promise<[queue: string, worker: string][]> {
  const tick = `${job.name}-tick`
  const next = () => boss.send(tick, null, { startAfter: job.everyMs / 1000 })
  const run = async () => {
    try {
      await job.run(stopping)
    } catch (error) {
      log.error({ err: error, job: job.name }, 'a job failed and will run again')
    }
  }
  // 'short' keeps one waiting job per queue, however often it is asked for.
  for (const queue of [job.name, tick])
    await boss.createQueue(queue, { policy: 'short', expireInSeconds: 900, retryLimit: 0, deleteAfterSeconds: 3600 })
  const woken = await boss.work(job.name, options, run)
  const ticking = await boss.work(tick, options, async () => {
    await run()
    await next()
  })
  await boss.schedule(tick, '* * * * *')
  await next()
  return [
    [job.name, woken],
    [tick, ticking],
  ]
}

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { createTransport } from 'nodemailer'
import { readTradingCalendar } from '../../market/calendar/trading-calendar.ts'
import { listInstruments } from '../../market/instruments/queries.ts'
import { commitImport, holdImport, stagePrices, startImport } from '../../market/prices/imports/queries.ts'
import { inventPrices } from '../../market/prices/sample-prices.ts'
import { connect, type Sql } from '../../platform/db.ts'
import { end, start } from './child.ts'
import { fillDatabase } from './fill-tables.ts'
import type { BenchHarness } from './harness.ts'
import type { Measurement } from './measurement.ts'
import { createDatabase, endLeases, findReportSlot, mailsLeft, makeReportsDue } from './queries.ts'
import { seriesOf } from './series.ts'

/** The size of a weekly report with its picture. */
const mailBytes = 130_000

type MailCounter = { smtp: number; counted(): Promise<{ distinct: number; twice: number }>; child: ChildProcess }

/**
 * A weekly report to everybody: queued, sent by one worker that is killed half-way, and by another that goes on; compared
 * with a bare mailer that sends as many bytes over as many connections.
 */
export async function measureReports(harness: BenchHarness): Promise<Measurement[]> {
  const people = harness.quick ? 2_000 : 10_000
  await createDatabase(harness.sql, 'bench_reports')
  const databaseUrl = harness.databaseUrl.replace(/\/\w+$/, '/bench_reports')
  await fillDatabase(databaseUrl, people)
  const sql = connect(databaseUrl, { max: 2, name: 'etf-bench-reports' })
  const counter = await startMailCounter()
  const bareReceiver = await startMailCounter()
  try {
    const due = await prepare(sql)
    const job = (name: string) => startJob({ databaseUrl, smtp: counter.smtp, job: name })
    const queueing = await seconds(async () => (await job('queue-reports')).done)
    const first = await untilHalf(counter, due, await job('deliver-mails'))
    await endLeases(sql)
    const before = await counter.counted()
    const rest = await seconds(async () => (await job('deliver-mails')).done)
    const { distinct, twice } = await counter.counted()
    const bare = await sentBare(bareReceiver.smtp, Math.min(due, 2_000))
    const left = await mailsLeft(sql)
    const ours = seriesOf([first, (distinct - before.distinct) / rest])
    return [
      {
        name: `weekly report to ${due.toLocaleString('en')}, against a bare mailer`,
        unit: 'mails/s',
        ours,
        theirs: seriesOf([bare]),
        result: ours.median / bare,
        aim: { least: 0.2 },
        notes: [
          `queueing all of them took ${queueing.toFixed(1)} s; the two values are before and after the worker was killed`,
          `${distinct.toLocaleString('en')} arrived, ${left.skipped} were being sent by the killed worker and are not sent again, ${left.queued} wait`,
        ],
      },
      {
        name: '  … sent twice, with the worker killed half-way',
        unit: 'mails',
        ours: seriesOf([twice]),
        theirs: null,
        result: twice,
        aim: { most: 0 },
        notes: [],
      },
    ]
  } finally {
    await Promise.all([end(counter.child), end(bareReceiver.child), sql.end({ timeout: 5 })])
  }
}

/** Imports prices up to the due issue and makes everybody's report due. Returns how many will get one. */
async function prepare(sql: Sql): Promise<number> {
  const slot = await findReportSlot(sql)
  const by = { actor: 'bench', origin: null }
  const importId = await startImport(sql, { origin: 'command', actor: by.actor })
  const [instruments, calendar] = await Promise.all([listInstruments(sql), readTradingCalendar(sql)])
  const rows = [...inventPrices(instruments, slot.dayAfter, calendar)].flatMap(([symbol, prices]) =>
    [...prices].map(([day, close], i) => ({ symbol, day, close, basis: 'traded' as const, file: 0, line: i + 1 })),
  )
  for (let i = 0; i < rows.length; i += 2_000) await stagePrices(sql, importId, rows.slice(i, i + 2_000))
  await holdImport(sql, importId, { files: [], problems: [], problemCount: 0 })
  const outcome = await commitImport(sql, importId, by, null)
  if (outcome !== 'committed') throw new Error(`the bench's prices could not be committed: ${outcome}`)
  return makeReportsDue(sql, slot)
}

async function startMailCounter(): Promise<MailCounter> {
  const { child, message } = await start<{ smtp: number }>('mail-counter.ts')
  return {
    ...message,
    child,
    async counted() {
      child.send('count')
      const [counts] = await once(child, 'message')
      return counts
    },
  }
}

type Running = { child: ChildProcess; done: Promise<unknown> }

async function startJob(order: { databaseUrl: string; smtp: number; job: string }): Promise<Running> {
  const { child } = await start('report-worker.ts')
  child.send(order)
  const done = once(child, 'message').then(() => end(child))
  done.catch(() => {})
  return { child, done }
}

/** Lets a worker send until half has arrived, and kills it. Returns mails a second. */
async function untilHalf(counter: MailCounter, due: number, { child }: Running): Promise<number> {
  const started = performance.now()
  for (;;) {
    const { distinct } = await counter.counted()
    if (distinct >= due / 2 || child.exitCode !== null) {
      const rate = (distinct * 1000) / (performance.now() - started)
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      return rate
    }
    await pause(50)
  }
}

async function sentBare(smtp: number, count: number): Promise<number> {
  const transport = createTransport({
    ...({ pool: true, maxConnections: 8, maxMessages: 1_000 } as object),
    host: '127.0.0.1',
    port: smtp,
    ignoreTLS: true,
  })
  const body = `${'x'.repeat(76)}\r\n`.repeat(Math.ceil(mailBytes / 78))
  let left = count
  const lane = async () => {
    while (left-- > 0) {
      const raw = `Message-ID: <bare-${left}@example.in>\r\nSubject: bare\r\n\r\n${body}`
      await transport.sendMail({ envelope: { from: 'a@example.in', to: 'b@example.in' }, raw })
    }
  }
  const took = await seconds(() => Promise.all(Array.from({ length: 8 }, lane)))
  transport.close()
  return count / took
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

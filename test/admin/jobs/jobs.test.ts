import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordJobRuns } from '../../../src/operations/jobs/job-runs.ts'
import { type Job, type Jobs, startJobs } from '../../../src/platform/jobs.ts'
import type { Admin } from '../../support/admin.ts'
import { until } from '../../support/until.ts'
import { admin, app, reader, usePanel } from '../panel.ts'

let jobs: Jobs | undefined
usePanel()
afterAll(async () => {
  await jobs?.stop(1_000)
})

const run = (who: Admin, name: string) => who.visitor.post(`/admin/jobs/${name}/run`)
const retry = (who: Admin, name: string) => who.visitor.post(`/admin/jobs/${name}/retry`)

test('before any worker ran here, the page says so', async () => {
  const page = await reader.visitor.get('/admin/jobs')
  expect([page.status, page.body.includes('No worker has run here yet')]).toEqual([200, true])
  expect((await run(admin, 'deliver-mails')).status).toBe(404)
})

describe('with a worker', () => {
  const runs = { 'deliver-mails': 0, 'check-books': 0 }
  let broken = true
  beforeAll(async () => {
    const given: Job[] = [
      { name: 'deliver-mails', everyMs: 3_600_000, run: async () => void runs['deliver-mails']++ },
      {
        name: 'check-books',
        everyMs: 86_400_000,
        run: async () => {
          runs['check-books']++
          if (broken) throw new Error('the <shelf> fell\nand a second line')
        },
      },
    ]
    jobs = await startJobs(app.databaseUrl, await recordJobRuns(app.sql, given), app.services.log)
    app.services.wake = (name) => jobs!.wake(name)
  })

  test('every job is there before its first run, with its period and its next run', async () => {
    const { body } = await reader.visitor.get('/admin/jobs')
    expect(body).toContain('Not yet run')
    expect(body).toContain('once a day')
    expect(body).toContain('every hour')
    expect(body).not.toContain('Run now')
    expect(body).toMatch(/<time datetime/)
  })

  test('the list is there as a CSV, for whoever may only look as well', async () => {
    expect((await reader.visitor.get('/admin/jobs')).body).toContain('href="/admin/jobs.csv"')
    const { status, headers, body } = await reader.visitor.get('/admin/jobs.csv')
    expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8'])
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="jobs-\d{4}-\d\d-\d\d\.csv"$/)
    const lines = body.trim().split('\r\n')
    expect(lines[0]).toContain('What it does')
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(['"check-books"', '"deliver-mails"'])
    expect(lines[1]).toContain('once a day')
  })

  test('one is run now, pressed twice at once it runs and well, and the audit knows', async () => {
    const answers = await Promise.all([run(admin, 'deliver-mails'), run(admin, 'deliver-mails')])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    await until(async () => runs['deliver-mails'] > 0)
    const record = async () =>
      (await app.sql`select runs, failures, error from job_runs where name = 'deliver-mails'`)[0]!
    await until(async () => (await record()).runs > 0)
    expect(await record()).toMatchObject({ failures: 0, error: null })
    const [entry] = await app.sql`select actor, origin from audit where action = 'job.asked' limit 1`
    expect(entry).toMatchObject({ actor: `user:${admin.id}`, origin: { address: expect.any(String) } })
  })

  test('one that fails shows the first line of why until it went well again', async () => {
    await run(admin, 'check-books')
    await until(
      async () => (await app.sql`select from job_runs where name = 'check-books' and failures > 0`).length > 0,
    )
    const page = await admin.visitor.get('/admin/jobs')
    expect(page.body).toContain('the &lt;shelf&gt; fell')
    expect(page.body).not.toContain('and a second line')
    expect(page.body).toMatch(/Retry<span class="sr"> check-books</)
    broken = false
    await run(admin, 'check-books')
    await until(
      async () => (await app.sql`select from job_runs where name = 'check-books' and error is null`).length > 0,
    )
    expect((await admin.visitor.get('/admin/jobs')).body).toContain('the &lt;shelf&gt; fell')
  })

  test('what waits after a failure is counted and tried again at once', async () => {
    await app.sql`insert into mails (kind, subject_key, to_email, last_error, next_attempt_at)
                  select 'receipt', 'late-' || n, 'a@example.in', '451 come back later', now() + interval '1 hour' from generate_series(1, 3) n`
    const page = await admin.visitor.get('/admin/jobs')
    expect(page.body).toContain('3 after a failure')
    expect(page.body).toContain('451 come back later')
    const answers = await Promise.all([retry(admin, 'deliver-mails'), retry(admin, 'deliver-mails')])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(await app.sql`select from mails where subject_key like 'late-%' and next_attempt_at <= now()`).toHaveLength(
      3,
    )
    const entries = await app.sql`select details from audit where action = 'job.retried'`
    expect(entries).toHaveLength(1)
    expect(entries[0]!.details).toMatchObject({ job: 'deliver-mails', count: 3 })
    for (const name of ['settle-events', 'send-refunds', 'nobody']) expect((await retry(admin, name)).status).toBe(303)
  })

  test('who may only look is refused', async () => {
    expect((await run(reader, 'deliver-mails')).status).toBe(403)
    expect((await retry(reader, 'deliver-mails')).status).toBe(403)
  })
})

import { jobsOf } from '../../../src/operations/jobs/jobs.ts'
import { connect } from '../../../src/platform/db.ts'
import { mailerOf } from '../../../src/platform/mailer.ts'
import type { TestApp } from '../../support/app.ts'

/** Writes so many mails that can be composed: to one person each, or one of many (`bulk`). Addresses begin with `name`. */
export async function queueMails(app: TestApp, name: string, count: number, { bulk = false } = {}): Promise<void> {
  await app.sql`
    with incident as materialized (
      select 'incident:' || open_incident('gateway-keys', ${name}, '{"status": 401}') as subject_key
    )
    select enqueue_mail('alert', subject_key, null, 'Reader', ${name} || n || '@example.in', ${bulk}, n)
    from incident, generate_series(1, ${count}) n
  `
}

/** The mails whose address begins so, by what became of them. */
export async function mailsBy(app: TestApp, name: string) {
  return app.sql<{ status: string; attempts: number; lastError: string | null; toEmail: string }[]>`
    select status, attempts, last_error, to_email from mails where to_email like ${`${name}%`} order by id
  `
}

/** A second worker: its own pool, its own connections to the mail server. */
export function anotherWorker(app: TestApp) {
  const sql = connect(app.databaseUrl, { max: 5 })
  const mailer = mailerOf(app.config)
  const job = jobsOf({ ...app.services, sql }, mailer).find(({ name }) => name === 'deliver-mails')!
  return {
    deliver: () => job.run(),
    close: async () => {
      mailer.close()
      await sql.end({ timeout: 2 })
    },
  }
}

export type Pause = { isOn: boolean; leftS: number | null; reason: string | null }
/** The queue's pause as it stands. */
export async function pauseOf(app: TestApp): Promise<Pause> {
  const [row] = await app.sql<Pause[]>`
    select paused_since is not null as is_on, extract(epoch from paused_until - now())::float8 as left_s, pause_reason as reason
    from mail_queue`
  return row!
}
/** As if so much of the pause had gone by that it is over. */
export const endPause = (app: TestApp) =>
  app.sql`update mail_queue set paused_until = now() where paused_since is not null`

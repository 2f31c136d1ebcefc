import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admin, app, reader, usePanel } from '../panel.ts'

usePanel()
const pause = (minutes: number) => app.sql`
  update mail_queue
  set paused_since = now() - make_interval(mins => ${minutes}), paused_until = now() + interval '10 minutes', pauses = 8,
      pause_reason = 'Recipient command failed: 450 4.7.1 <too> fast'`
const resume = () => app.sql`update mail_queue set paused_since = null, paused_until = null, pause_reason = null`
beforeAll(() => pause(20))
afterAll(resume)

describe('while the mail server refuses us', () => {
  test('the log says since when, why and when it is tried again, and who may act can have it tried now', async () => {
    const seen = await reader.visitor.get('/admin/mails')
    expect(seen.body).toContain('All mails have been waiting since')
    expect(seen.body).toContain('450 4.7.1 &lt;too&gt; fast')
    expect(seen.body).not.toContain('action="/admin/mails/resume"')
    expect((await admin.visitor.get('/admin/mails')).body).toContain('action="/admin/mails/resume"')
  })

  test('the panel’s home says so', async () => {
    expect((await reader.visitor.get('/admin')).body).toContain('Mails are paused')
  })

  test('a quarter of an hour of it with mails waiting opens one incident a day', async () => {
    await app.sql`insert into mails (kind, subject_key, to_email) values ('receipt', 'R0000-000007', 'waits@example.in')`
    await app.run('alert')
    await app.run('alert')
    const incidents = await app.sql<{ details: { reason: string } }[]>`
      select details from incidents where kind = 'mails-paused' and resolved_at is null`
    expect(incidents.map(({ details }) => details.reason)).toEqual(['Recipient command failed: 450 4.7.1 <too> fast'])
    await app.sql`delete from mails where subject_key = 'R0000-000007'`
    await app.sql`delete from incidents where kind = 'mails-paused'`
  })

  test('“Try now” ends the wait, says so in the audit, and does nothing twice', async () => {
    const acted = await admin.visitor.post('/admin/mails/resume', {})
    expect([acted.status, acted.headers.get('location')]).toEqual([303, '/admin/mails'])
    const page = await admin.visitor.get('/admin/mails')
    expect(page.body).toContain('One mail tries now.')
    expect(page.body).toContain('The next mail tries whether it takes mails again.')
    const [row] = await app.sql`select details->>'reason' as reason from audit where action = 'mails.resumed'`
    expect(row).toMatchObject({ reason: 'Recipient command failed: 450 4.7.1 <too> fast' })
    await resume()
    await admin.visitor.post('/admin/mails/resume', {})
    expect((await admin.visitor.get('/admin/mails')).body).toContain('Mails are not paused any more.')
    expect(await app.sql`select from audit where action = 'mails.resumed'`).toHaveLength(1)
  })
})

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { confirmAddress, mailsTo } from '../account/mailed.ts'
import { registrant } from '../account/people.ts'
import { adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({
    ALERT_EMAIL: 'owner@example.in',
    GRIEVANCE_OFFICER_NAME: 'Nandini Rao',
    GRIEVANCE_OFFICER_PHONE: '+91 22 4000 0000',
    RA_NUMBER: 'INH000012345',
  })
})
afterAll(() => app.close())

const typed = { name: 'Asha Rao', email: 'asha@example.in', reference: 'R2627-000001', text: 'I was charged twice.' }
const keyOn = async (visitor: Visitor) => /name="key" value="([^"]+)"/.exec((await visitor.get('/complaint')).body)![1]!
const complaints = () =>
  app.sql<{ number: string; userId: string | null }[]>`select number, user_id from complaints order by id`

describe('a complaint', () => {
  test('gets its number on the page and by mail, and the operator is alerted', async () => {
    const visitor = new Visitor(app)
    const answer = await visitor.post('/complaint', { ...typed, key: await keyOn(visitor) })
    expect([answer.status, answer.location]).toEqual([303, '/complaint'])
    const { number } = (await complaints())[0]!
    expect(number).toMatch(/^G-\d{6}$/)
    expect((await visitor.get('/complaint')).body).toContain(number)
    const [confirmation] = await mailsTo(app, typed.email, /^We received your complaint G-/)
    expect(confirmation!.text).toContain(`Your complaint has the number ${number}`)
    expect(confirmation!.text).toContain('Nandini Rao')
    expect(await mailsTo(app, 'owner@example.in', new RegExp(number))).toHaveLength(1)
  })

  test('sent twice, or from two tabs at once, is one', async () => {
    const visitor = new Visitor(app)
    const key = await keyOn(visitor)
    const before = (await complaints()).length
    await Promise.all([1, 2, 3].map(() => visitor.post('/complaint', { ...typed, key })))
    expect(await complaints()).toHaveLength(before + 1)
  })

  test('typed over one that was sent is another, and a key that another person sent is no repeat', async () => {
    const { visitor } = await registrant(app)
    const key = await keyOn(visitor)
    const before = (await complaints()).length
    await visitor.post('/complaint', { ...typed, email: 'twice@example.in', key })
    const first = (await complaints()).at(-1)!.number
    expect((await visitor.get('/complaint')).body).toContain(`has the number ${first}`)
    await visitor.post('/complaint', { ...typed, email: 'twice@example.in', text: 'Something else too.', key })
    const second = (await complaints()).at(-1)!.number
    expect((await visitor.get('/complaint')).body).toContain(`has the number ${second}`)
    const stranger = new Visitor(app)
    await stranger.post('/complaint', { ...typed, email: 'twice@example.in', key })
    expect((await stranger.get('/complaint')).body).not.toMatch(new RegExp(`${first}|${second}`))
    expect(await complaints()).toHaveLength(before + 3)
  })

  test('with a key that is not one of the form’s is filed all the same', async () => {
    const before = (await complaints()).length
    const key = randomBytes(2_500).toString('base64url')
    const answer = await new Visitor(app).post('/complaint', { ...typed, email: 'long.key@example.in', key })
    expect(answer.status).toBe(303)
    expect(await complaints()).toHaveLength(before + 1)
  })

  test('sends nothing that was typed to an address which its sender has not confirmed as theirs', async () => {
    const typedHere = { ...typed, name: 'You won', text: 'Click https://phish.example/ now' }
    const { visitor, email } = await registrant(app)
    const parts = async (to: string) =>
      (await mailsTo(app, to, /^We received your complaint G-/)).map((mail) => JSON.stringify(mail)).join()
    await new Visitor(app).post('/complaint', { ...typedHere, email: 'victim@example.in' })
    await visitor.post('/complaint', { ...typedHere, email: 'victim@example.in', text: 'phish.example again' })
    await visitor.post('/complaint', { ...typedHere, email })
    for (const to of ['victim@example.in', email]) {
      expect(await parts(to)).toContain('Your complaint has the number G-')
      expect(await parts(to)).not.toMatch(/phish|You won/)
    }
    await confirmAddress(app, email)
    await visitor.post('/complaint', { ...typedHere, email, text: 'I was charged twice, says who is signed in.' })
    expect(await parts(email)).toContain('says who is signed in')
  })

  test('is filed however many there are; an address gets five mails a day, and the page says when none goes out', async () => {
    const before = (await complaints()).length
    const visitors = Array.from({ length: 8 }, () => new Visitor(app))
    const email = (nth: number) => (nth % 2 ? 'Flooded@example.in' : 'flooded@example.in')
    await Promise.all(
      visitors.map((v, nth) => v.post('/complaint', { ...typed, email: email(nth), text: `No ${nth}` })),
    )
    expect(await complaints()).toHaveLength(before + 8)
    await app.run('deliver-mails')
    const sent = (await app.mailbox.list()).filter((mail) => mail.recipients.some((to) => /^flooded@/i.test(to)))
    expect(sent).toHaveLength(5)
    const notices = await Promise.all(visitors.map(async (v) => (await v.get('/complaint')).body))
    expect(notices.filter((body) => body.includes('A mail confirms it'))).toHaveLength(5)
    expect(notices.filter((body) => body.includes('Please note it down'))).toHaveLength(3)
  })

  test('alerts the operator at once, and the next ones together after a quarter of an hour', async () => {
    const alerts = async () => {
      await app.run('alert')
      return mailsTo(app, 'owner@example.in', /complaint/i)
    }
    const before = await alerts()
    const aQuarterLater = () => app.sql`
      with alerts as (update mails set created_at = created_at - interval '15 minutes' where kind = 'alert')
      update complaints set received_at = received_at - interval '15 minutes'`
    await app.sql`update mails set created_at = created_at - interval '1 day' where kind = 'alert'`
    const file = (nth: number) => new Visitor(app).post('/complaint', { ...typed, email: `n${nth}@example.in` })
    await file(1)
    expect(await alerts()).toHaveLength(before.length + 1)
    await Promise.all([2, 3, 4].map(file))
    expect(await alerts()).toHaveLength(before.length + 1)
    await aQuarterLater()
    const after = await alerts()
    expect(after).toHaveLength(before.length + 2)
    const [{ count } = { count: 0 }] = await app.sql<{ count: number }[]>`
      select count(*)::int from complaints where answered_at is null`
    expect(after.at(-1)!.text).toContain(`Waiting: ${count}`)
    await aQuarterLater()
    expect(await alerts()).toHaveLength(before.length + 2)
  })

  test('that lacks something is refused, and what was typed stays', async () => {
    const before = (await complaints()).length
    for (const change of [
      { name: ' ' },
      { name: 'a'.repeat(101) },
      { name: 'A <b>' },
      { email: 'asha@' },
      { text: '' },
      { text: 'a'.repeat(4_001) },
    ]) {
      const answer = await new Visitor(app).post('/complaint', { ...typed, ...change })
      expect(answer.status).toBe(422)
      expect(answer.body).toContain('R2627-000001')
    }
    expect(await complaints()).toHaveLength(before)
  })

  test('is seen by who made it, and by nobody else', async () => {
    const { visitor, userId } = await registrant(app)
    await visitor.post('/complaint', { ...typed, text: 'Only mine', key: await keyOn(visitor) })
    const own = (await complaints()).at(-1)!
    expect(own.userId).toBe(userId)
    expect((await visitor.get('/complaint')).body).toContain(own.number)
    const { visitor: other } = await registrant(app)
    expect((await other.get('/complaint')).body).not.toContain(own.number)
    expect((await visitor.get('/account/data.json')).body).toContain('Only mine')
  })

  test('is late after 48 hours without a mail that went out, and after 30 days without an answer', async () => {
    const admin = await adminOf(app)
    const { number } = (await complaints())[0]!
    const isLate = async () => (await admin.visitor.get(`/admin/complaints/${number}`)).body.includes('>Late<')
    expect(await isLate()).toBe(false)
    await app.sql`update complaints set received_at = now() - interval '30 days 1 second' where number = ${number}`
    expect(await isLate()).toBe(true)
    await app.sql`update complaints set received_at = now() - interval '49 hours' where number = ${number}`
    await app.sql`update mails set sent_at = null where kind = 'complaint-received' and subject_key = ${number}`
    expect(await isLate()).toBe(true)
  })

  test('is answered once, by mail; a second answer is kept on the page and not sent', async () => {
    const admin = await adminOf(app)
    const { number } = (await complaints()).at(-1)!
    const answers = (answer: string) => admin.visitor.post(`/admin/complaints/${number}/answer`, { answer })
    expect((await answers(' ')).status).toBe(422)
    expect((await answers('Sorry. The second payment is on its way back.')).status).toBe(303)
    const second = await answers('Another answer')
    expect([second.status, second.body.includes('Another answer')]).toEqual([409, true])
    const sent = await mailsTo(app, typed.email, /^Answer to your complaint/)
    expect(sent.map(({ text }) => text?.includes('on its way back'))).toEqual([true])
  })
})

test('the contact page names the grievance officer, the disclaimer the registration with SEBI', async () => {
  const visitor = new Visitor(app)
  const contact = (await visitor.get('/contact')).body
  expect([contact.includes('Nandini Rao'), contact.includes('tel:+912240000000')]).toEqual([true, true])
  expect((await visitor.get('/disclaimer')).body).toContain('INH000012345')
})

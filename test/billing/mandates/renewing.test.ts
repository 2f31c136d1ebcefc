import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { authorised, type Calendar, dayOfEnd, startCalendar } from './calendar.ts'
import { autopayOf, expectInvariants, having, holdings } from './fixture.ts'

let app: Calendar
beforeAll(async () => {
  app = await startCalendar()
})
afterAll(() => app.close())

/** The jobs, as they run within one hour. */
async function runJobs() {
  await app.run('raise-charges')
  await app.run('look-at-mandates')
  await app.run('settle-events')
  await app.run('deliver-mails')
}
const goTo = async (person: { user: { id: string } }, days: number, time: string) =>
  app.goTo(await dayOfEnd(app, person.user, days, time))

describe('a period that ends under a mandate', () => {
  test('is debited on its day and granted, told by webhooks alone', async () => {
    const person = await authorised(app)
    expect(await holdings(app, person.user)).toMatchObject(having(1))
    await goTo(person, -4, '12:00')
    await runJobs()
    expect((await autopayOf(app, person.user)).charges).toEqual([])
    await goTo(person, -3, '08:59')
    await runJobs()
    expect((await autopayOf(app, person.user)).charges).toEqual([])
    await goTo(person, -3, '09:05')
    const end = await dayOfEnd(app, person.user, 0, '23:00')
    await runJobs()
    await runJobs()
    const { charges } = await autopayOf(app, person.user)
    expect(charges).toMatchObject([{ status: 'INITIALIZED', paise: 49_900, scheduledOn: end.slice(0, 10) }])
    await app.goTo(end)
    expect(await holdings(app, person.user)).toMatchObject({ ...having(2), underWay: [] })
  })

  test('is debited and granted also while no webhook comes for a day', async () => {
    const person = await authorised(app)
    app.sandbox.control.webhooks({ paused: true })
    await goTo(person, -2, '20:29')
    await runJobs()
    const end = await dayOfEnd(app, person.user, 0, '11:00')
    await app.goTo(end)
    await runJobs()
    expect(await holdings(app, person.user)).toMatchObject(having(2))
    app.sandbox.control.webhooks({ paused: false })
    await app.sandbox.control.settled()
    expect(await holdings(app, person.user)).toMatchObject(having(2))
  })

  test('is charged once by two workers', async () => {
    const people = [await authorised(app), await authorised(app), await authorised(app)]
    await goTo(people[0]!, -2, '10:00')
    await Promise.all([app.run('raise-charges'), app.run('raise-charges')])
    for (const { user, subscriptionId } of people) {
      expect((await autopayOf(app, user)).charges).toHaveLength(1)
      const { charges } = JSON.parse(JSON.stringify(app.sandbox.control.mandate(subscriptionId)))
      expect(charges ?? []).toBeDefined()
    }
  })
})

/** What was mailed to somebody, newest first. */
async function mailsTo({ user }: { user: { email: string } }, subject: RegExp) {
  await app.run('deliver-mails')
  return (await app.mailbox.list()).filter((mail) => mail.recipients.includes(user.email) && subject.test(mail.subject))
}
const reminder = /^Your plan end/

describe('a debit that the bank declines', () => {
  test('for want of money is tried once more, told of, and pays on the second day', async () => {
    const person = await authorised(app)
    app.sandbox.control.script(person.subscriptionId, { debits: 'low-balance', times: 4 })
    await goTo(person, -3, '09:05')
    await runJobs()
    const nights = ['00:45', '09:10'].map((time) => dayOfEnd(app, person.user, 1, time))
    const [failedAt, retryAt, paidAt] = await Promise.all([...nights, dayOfEnd(app, person.user, 2, '23:00')])
    await goTo(person, 0, '23:50')
    await runJobs()
    expect((await autopayOf(app, person.user)).charges).toMatchObject([{ status: 'FAILED', finalAt: null }])
    await app.goTo(failedAt!)
    await runJobs()
    expect((await autopayOf(app, person.user)).charges).toMatchObject([{ status: 'FAILED', finalAt: expect.any(Date) }])
    const [failed] = await mailsTo(person, /^Autopay couldn’t debit ₹499/)
    expect(failed!.text).toContain('not enough money')
    expect(failed!.text).toMatch(/We’ll try once more on .+\. Please keep the amount in your bank account that day\./)
    await app.goTo(retryAt!)
    await app.run('remind')
    await runJobs()
    await app.goTo(paidAt!)
    await runJobs()
    expect((await autopayOf(app, person.user)).charges).toMatchObject([{ status: 'SUCCESS' }, { status: 'FAILED' }])
    expect(await holdings(app, person.user)).toMatchObject(having(2))
    expect(await mailsTo(person, /^Autopay is on/)).toHaveLength(1)
    expect(await mailsTo(person, /^Autopay will debit ₹499 on/)).toHaveLength(2)
    expect(await mailsTo(person, /^Autopay couldn’t debit/)).toHaveLength(1)
    expect(await mailsTo(person, reminder)).toEqual([])
  })

  test('because the account is closed is told of with a link to pay, and not tried again', async () => {
    const person = await authorised(app)
    app.sandbox.control.script(person.subscriptionId, { debits: 'closed-account' })
    await goTo(person, -3, '09:05')
    await runJobs()
    const [night, morning] = await Promise.all(['00:45', '09:30'].map((time) => dayOfEnd(app, person.user, 1, time)))
    await app.goTo(night!)
    await runJobs()
    await app.goTo(morning!)
    await app.run('remind')
    await runJobs()
    const [failed, ...others] = await mailsTo(person, /^Autopay couldn’t debit/)
    expect(others).toEqual([])
    expect(failed!.text).toContain('no longer accepts this mandate')
    const [link] = /https?:\S+\/renew\/\S+/.exec(failed!.text ?? '')!
    expect((await fetch(link)).status).toBe(200)
    expect(await mailsTo(person, reminder)).toEqual([])
    expect((await autopayOf(app, person.user)).charges).toHaveLength(1)
  })
})

test('who cancels in the UPI app is told once, and reminded as everybody is', async () => {
  const person = await authorised(app)
  app.sandbox.control.inApp(person.subscriptionId, { does: 'cancel', heardAfterMinutes: 30 })
  await goTo(person, -7, '10:00')
  await runJobs()
  await app.run('remind')
  await runJobs()
  expect(await mailsTo(person, /^Autopay is off/)).toHaveLength(1)
  expect(await mailsTo(person, reminder)).toHaveLength(1)
  expect(await autopayOf(app, person.user)).toMatchObject({ endedBy: 'customer', charges: [] })
})

test('and all books agree', async () => {
  await app.run('keep-statuses')
  await app.run('deliver-mails')
  await expectInvariants(app)
})

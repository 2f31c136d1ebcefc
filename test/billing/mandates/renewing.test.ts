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

test('and all books agree', async () => {
  await app.run('deliver-mails')
  await expectInvariants(app)
})

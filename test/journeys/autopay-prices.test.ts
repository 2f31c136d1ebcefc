import { expect, test } from 'vitest'
import { planPriceChange } from '../../src/billing/plans/queries.ts'
import { dayOfEnd } from '../billing/mandates/calendar.ts'
import { expectInvariants } from '../billing/mandates/fixture.ts'
import { mandateOf } from '../billing/mandates/people.ts'
import {
  type Autopayer,
  accountsOf,
  arriveOnAutopay,
  comeBack,
  goTo,
  mailed,
  mails,
  newestDebit,
  onePeriodEach,
  openCalendarScene,
  runJobs,
} from './autopay-steps.ts'
import { looksRightEverywhere } from './scene.ts'

const scene = openCalendarScene()

/** Twenty days before somebody's year ends, a price is announced that subscribers pay ten days later. */
async function announcePrice(person: Autopayer, pricePaise: number) {
  const { app, userId } = person
  await goTo(person, -20, '10:00')
  const day = (await dayOfEnd(app, { id: userId }, -10, '00:00')).slice(0, 10)
  const [{ key }] = await app.sql<[{ key: string }]>`select key from plans where name = 'annual' and on_sale`
  const change = {
    replaces: key,
    pricePaise,
    from: day,
    subscribersFrom: day,
    by: { actor: 'admin:test', origin: null },
  }
  expect(await planPriceChange(app.sql, change)).toBe('planned')
  await runJobs(app)
  return (await mailed(person, /^Annual plan: ₹/)).at(-1)!
}

test('a new price below the ceiling is debited; one above it is not, until Autopay is set up again', async () => {
  const person = await arriveOnAutopay(scene, 'phone', 'annual')
  const { page, app } = person

  const dearer = await announcePrice(person, 599_000)
  expect(dearer.subject).toMatch(/^Annual plan: ₹5,990 from .*, now ₹4,990$/)
  expect(dearer.text).toContain('Autopay debits the new price from then on')
  await comeBack(person)
  await page.getByText('Autopay renews with ₹5,990 for the annual plan').waitFor()
  await goTo(person, -3, '09:05')
  expect((await mailed(person, mails.notice)).map(({ subject }) => subject)).toEqual([
    expect.stringMatching(/^Autopay will debit ₹5,990 on /),
  ])
  await goTo(person, 0, '23:00')
  expect(await accountsOf(person)).toMatchObject(onePeriodEach(499_000, 599_000))
  expect((await mailed(person, mails.receipt)).at(-1)!.subject).toMatch(/^₹5,990 received/)
  await comeBack(person)
  await newestDebit(person, 'Paid').waitFor()
  await looksRightEverywhere(person, 'autopay-new-price')

  const tooDear = await announcePrice(person, 1_049_000)
  expect(tooDear.text).toContain('Autopay won’t debit the new price: you agreed to at most ₹9,980.')
  await comeBack(person)
  await page.getByText('Your plan costs ₹10,490 when this period ends, more than the').waitFor()
  await looksRightEverywhere(person, 'autopay-above-ceiling')
  await goTo(person, -3, '09:05')
  expect((await accountsOf(person)).debited).toEqual([499_000, 599_000])
  expect(await mailed(person, mails.notice)).toHaveLength(1)
  expect((await mailed(person, mails.reminder)).at(-1)!.text).toContain('Autopay won’t debit this.')

  await comeBack(person)
  await page.getByRole('button', { name: 'Stop Autopay' }).click()
  await page
    .getByText(/at most ₹15,000 a debit/)
    .first()
    .waitFor()
  await looksRightEverywhere(person, 'autopay-again')
  await page.getByRole('button', { name: 'Agree and set up Autopay' }).click()
  await page.getByRole('button', { name: 'Continue to approve, ₹1 now' }).click()
  await page.getByRole('button', { name: 'Approve with UPI PIN' }).click()
  await page.getByRole('heading', { name: 'Autopay is set up' }).waitFor()
  const again = { ...person, subscriptionId: await mandateOf(app, person) }
  expect(again.subscriptionId).not.toBe(person.subscriptionId)
  await goTo(person, -2, '09:05')
  await goTo(person, 0, '23:00')
  expect(await accountsOf(again)).toMatchObject({
    ...onePeriodEach(499_000, 599_000, 1_049_000),
    debited: [100, 1_049_000],
  })
  expect((await accountsOf(person)).debited).toEqual([499_000, 599_000])
  expect(app.sandbox.control.mandate(person.subscriptionId).status).toBe('CANCELLED')
  expect(await mailed(person, mails.receipt)).toHaveLength(3)
})

test('and all books agree', () => expectInvariants(scene.app))

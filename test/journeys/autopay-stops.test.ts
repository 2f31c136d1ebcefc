import { describe, expect, test } from 'vitest'
import { autopayOf, expectInvariants } from '../billing/mandates/fixture.ts'
import { pathIn } from '../billing/reminders/fixture.ts'
import { type Size, sizes } from '../support/browser.ts'
import { until } from '../support/until.ts'
import {
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
import { looksRightInBothSchemes } from './scene.ts'
import { openFullPage, openWindow, requestByUpi } from './steps.ts'

const scene = openCalendarScene()

/** Somebody at their page of Autopay, who has been told of the debit in three days. */
async function announced(size: Size) {
  const person = await arriveOnAutopay(scene, size)
  await goTo(person, -3, '09:05')
  await comeBack(person)
  await newestDebit(person, 'Announced to your bank').waitFor()
  return person
}

describe.each(Object.keys(sizes) as Size[])('on a %s', (size) => {
  test('who opts out of one debit in the UPI app pays that period by hand, and the next is debited again', async () => {
    const person = await arriveOnAutopay(scene, size)
    const { page, app, userId, subscriptionId } = person
    app.sandbox.control.script(subscriptionId, { debits: 'opt-out', times: 1 })
    await goTo(person, -3, '09:05')
    await goTo(person, -3, '10:30')
    const [failed] = await mailed(person, mails.failed)
    expect(failed!.text).toContain('The debit was called off in your UPI app or by your bank.')
    expect(failed!.text).toContain('We won’t try again for this period.')
    await page.goto(pathIn(app, failed!.text, 'renew'))
    await looksRightInBothSchemes(person, `autopay-by-hand-${size}`)
    await page.getByRole('button', { name: 'Continue to payment, ₹499' }).click()
    await page.getByRole('button', { name: 'Pay ₹499' }).waitFor()
    await requestByUpi(size === 'phone' ? await openFullPage(page) : await openWindow(page))
    await until(async () => (await app.sql`select from subscription_periods where user_id = ${userId}`).count === 2)
    await page.waitForURL('**/payment/return?*')
    await comeBack(person)
    await newestDebit(person, 'By you or your bank.').waitFor()
    await page.getByText('Autopay renews with ₹499 for the monthly plan').waitFor()
    await looksRightInBothSchemes(person, `autopay-opted-out-${size}`)
    await runJobs(app)
    expect(await accountsOf(person)).toMatchObject({ ...onePeriodEach(49_900, 49_900), debited: [49_900] })

    await goTo(person, -3, '09:05')
    await goTo(person, 0, '23:00')
    const books = await accountsOf(person)
    expect(books).toMatchObject({ ...onePeriodEach(49_900, 49_900, 49_900), debited: [49_900, 49_900] })
    expect(await mailed(person, mails.receipt)).toHaveLength(3)
  })

  test('who cancels in the UPI app is told, and nothing is debited, though it was announced', async () => {
    const person = await announced(size)
    const { page, app, subscriptionId } = person
    app.sandbox.control.inApp(subscriptionId, { does: 'cancel', heardAfterMinutes: 40 })
    await goTo(person, -3, '10:00')
    const [ended] = await mailed(person, mails.ended)
    expect(ended!.text).toContain('You cancelled the mandate in your UPI app.')
    await page.reload()
    await page.getByText('You cancelled it in your UPI app. Nothing is debited automatically.').waitFor()
    await newestDebit(person, 'Autopay was stopped.').waitFor()
    await looksRightInBothSchemes(person, `autopay-cancelled-in-app-${size}`)
    await goTo(person, -1, '10:00')
    expect((await mailed(person, mails.reminder)).at(-1)!.text).toContain('We never charge you automatically.')
    await goTo(person, 1, '00:45')
    expect(await accountsOf(person)).toMatchObject(onePeriodEach(49_900))
    expect(await mailed(person, mails.failed)).toEqual([])
    expect(await mailed(person, mails.ended)).toHaveLength(1)
  })

  test('who stops it on the site keeps the period, and nothing is debited, though it was announced', async () => {
    const person = await announced(size)
    const { page, app, subscriptionId } = person
    await page.getByRole('button', { name: 'Stop Autopay' }).click()
    await page.getByText('Autopay is stopped. Nothing more is debited, and you keep what you paid for.').waitFor()
    await newestDebit(person, 'Autopay was stopped.').waitFor()
    await looksRightInBothSchemes(person, `autopay-stopped-announced-${size}`)
    expect(app.sandbox.control.mandate(subscriptionId).status).toBe('CANCELLED')
    expect(await accountsOf(person)).toMatchObject(onePeriodEach(49_900))
    await goTo(person, 0, '00:10')
    expect((await mailed(person, mails.ended)).map(({ text }) => text)).toEqual([
      expect.stringContaining('You stopped it on our site.'),
    ])
    await comeBack(person, '/account')
    await page.getByText('Without a renewal, access stops').waitFor()
    await goTo(person, 1, '00:45')
    expect(await accountsOf(person)).toMatchObject(onePeriodEach(49_900))
    expect(await mailed(person, mails.receipt)).toHaveLength(1)
  })

  test('who deletes the account is debited nothing, though it was announced', async () => {
    const person = await announced(size)
    const { page, app, userId, subscriptionId } = person
    const { charges } = await autopayOf(app, { id: userId })
    const [{ username }] = await app.sql<[{ username: string }]>`select username from users where id = ${userId}`
    await page.goto('/account/data')
    await page.getByText('is stopped first: nothing more is debited').waitFor()
    await looksRightInBothSchemes(person, `autopay-deletion-${size}`)
    await page.getByLabel('To confirm, type your username').fill(username)
    await page.getByLabel('Your password').fill('TestPass123')
    await page.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByText('Your account is deleted.').waitFor()
    expect(app.sandbox.control.mandate(subscriptionId).status).toBe('CANCELLED')
    expect(await accountsOf(person)).toMatchObject(onePeriodEach(49_900))
    await runJobs(app)
    await app.goTo(`${charges[0]!.scheduledOn}T23:00:00+05:30`)
    await runJobs(app)
    expect(await accountsOf(person)).toMatchObject(onePeriodEach(49_900))
    expect(await autopayOf(app, { id: userId })).toMatchObject({ endedBy: 'deletion', umn: null, payerAddress: null })
    expect((await mailed(person, /./)).at(-1)!.subject).toBe('Your account was deleted')
  })
})

test('and all books agree', () => expectInvariants(scene.app))

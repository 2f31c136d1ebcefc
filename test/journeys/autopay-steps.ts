import { mailsTo } from '../account/mailed.ts'
import { type Calendar, dayOfEnd, startCalendar } from '../billing/mandates/calendar.ts'
import { holdings } from '../billing/mandates/fixture.ts'
import { mandateOf, onAutopay } from '../billing/mandates/people.ts'
import { type Person, type Size, takeOver } from '../support/browser.ts'
import { type Scene, sceneOf } from './scene.ts'

/** A file of journeys in which the database and Cashfree have one clock, which a journey sets. */
export const openCalendarScene = (): Scene<Calendar> => sceneOf(() => startCalendar())

/** Somebody with a browser whose first period was paid by Autopay. */
export type Autopayer = Awaited<ReturnType<typeof arriveOnAutopay>>

/** Somebody arrives whose first period was paid by Autopay, signed in. */
export async function arriveOnAutopay({ app, arrive }: Scene<Calendar>, size: Size, plan = 'monthly') {
  const person = await arrive({ size })
  await app.sql`delete from rate_counters` // a minute later
  const { visitor, email, userId } = await onAutopay(app, { plan })
  await takeOver(person, visitor)
  return { ...person, app, size, email, userId, subscriptionId: await mandateOf(app, { userId }) }
}

/** The jobs that have to do with it, as they run within one hour. */
const jobs = [
  'announce-prices',
  'raise-charges',
  'look-at-mandates',
  'settle-events',
  'number-receipts',
  'keep-statuses',
]

/** Goes to a time of the day so many days after somebody's period ends, and lets the jobs do what is due then. */
export async function goTo({ app, userId }: Pick<Autopayer, 'app' | 'userId'>, days: number, time: string) {
  await app.goTo(await dayOfEnd(app, { id: userId }, days, time))
  await runJobs(app)
}

/** Lets the jobs do what is due now. */
export async function runJobs(app: Calendar) {
  for (const job of [...jobs, 'remind', 'deliver-mails']) await app.run(job)
}

/** Opens a page of the account; who has been away for more than a week logs in first. */
export async function comeBack({ page, email }: Pick<Autopayer, 'page' | 'email'>, path = '/account/autopay') {
  await page.goto(path)
  if (new URL(page.url()).pathname !== '/login') return
  await page.locator('input[name=login]').fill(email)
  await page.getByLabel('Password').fill('TestPass123')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.waitForURL(`**${path}`)
}

/** The mails to somebody with these words in their subject, oldest first. */
export const mailed = ({ app, email }: Pick<Autopayer, 'app' | 'email'>, subject: RegExp) =>
  mailsTo(app, email, subject)

export const mails = {
  started: /^Autopay is on$/,
  notice: /^Autopay will debit ₹/,
  failed: /^Autopay couldn’t debit ₹/,
  ended: /^Autopay is off$/,
  receipt: / received, your plan is active: receipt /,
  reminder: /^Your plan end/,
}

/** The line of the newest debit on the page of Autopay. */
export const newestDebit = ({ page }: Pick<Person, 'page'>, what: string) =>
  page.locator('table.data tbody tr').first().getByText(what)

/** What stands in our books about somebody, and `debited`: what their bank gave Cashfree, in paise, oldest first. */
export async function accountsOf({
  app,
  userId,
  subscriptionId,
}: Pick<Autopayer, 'app' | 'userId' | 'subscriptionId'>) {
  const { charges } = app.sandbox.control.mandate(subscriptionId)
  return {
    ...(await holdings(app, { id: userId })),
    debited: charges.filter(({ status }) => status === 'SUCCESS').map(({ amountPaise }) => amountPaise),
    mayStillBeDebited: charges.filter(({ status }) => status === 'INITIALIZED' || status === 'PENDING').length,
  }
}

/** Each debit paid one period and has one receipt, and nothing is under way. */
export const onePeriodEach = (...debited: number[]) => ({
  periods: debited.length,
  paid: debited.length,
  receipts: debited.length,
  granted: debited.length,
  incidents: [],
  underWay: [],
  debited,
  mayStillBeDebited: 0,
})

import type { Mail } from '../../records/mails/queries.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { checkoutMails, withRenewalLink } from '../checkout/mails.ts'
import type { BillingServices } from '../payments/gateway.ts'
import { findPlanFor } from '../pricing/queries.ts'
import { findReminder } from '../reminders/queries.ts'
import { isAutopayInUse } from './in-use.ts'
import { findToldCharge, findToldMandate, isDebitToCome } from './mail-queries.ts'

type Kinds = 'renewal' | 'autopay-started' | 'autopay-notice' | 'autopay-failed' | 'autopay-ended'
type How = { preview: boolean } | undefined

/**
 * The mails about a mandate: that it began, each debit before it comes, that one brought nothing, that it ended. And checkout's reminder
 * of a renewal: null where Autopay is going to debit it.
 */
export const mandateMails = (services: BillingServices): Pick<Composers, Kinds> => ({
  renewal: async (mail, how) =>
    (await isAutopayInUse(services)) && (await isDebitToCome(services.sql, mail.subjectKey.split(':')[0]!))
      ? null
      : checkoutMails(services).renewal(mail, how),
  'autopay-started': (mail) => composeStarted(services, mail),
  'autopay-notice': (mail) => composeNotice(services, mail),
  'autopay-failed': (mail, how) => composeFailed(services, mail, how),
  'autopay-ended': (mail) => composeEnded(services, mail),
})

/** What was agreed to, and how it is stopped. Null when it has been stopped meanwhile. */
async function composeStarted(services: BillingServices, mail: Mail): Promise<Composed | null> {
  const mandate = await findToldMandate(services.sql, mail.subjectKey)
  return mandate && mandate.endedAt === null ? composed(services, mail, { mandate }) : null
}

/** A debit that is coming: who debits, how much, when, under which mandate, and how to stop it. Null when it was called off. */
async function composeNotice(services: BillingServices, mail: Mail): Promise<Composed | null> {
  const charge = await findToldCharge(services.sql, mail.subjectKey)
  return charge?.isComing ? composed(services, mail, { charge }) : null
}

/**
 * Nothing came of a debit: why, and either the day of the next try or a link to pay with one tap. Null when the period is paid
 * meanwhile.
 */
async function composeFailed(services: BillingServices, mail: Mail, how: How): Promise<Composed | null> {
  const { sql } = services
  const charge = await findToldCharge(sql, mail.subjectKey)
  if (!charge?.isDue) return null
  if (charge.retryOn !== null) return composed(services, mail, { charge, link: null })
  const reminder = await findReminder(sql, 'renewal', charge.reminderKey)
  const plan = reminder && (await findPlanFor(sql, reminder.userId, reminder.planName))
  if (!plan) return composed(services, mail, { charge, link: null })
  return withRenewalLink(services, mail, reminder, how, { charge, plan, accountUrl: accountUrlOf(services) })
}

/** Why it ended, and until when there is access. */
async function composeEnded(services: BillingServices, mail: Mail): Promise<Composed | null> {
  const mandate = await findToldMandate(services.sql, mail.subjectKey)
  const isOffered = services.config.cashfree.autopay
  return mandate?.endedAt ? composed(services, mail, { mandate, isOffered }) : null
}

function composed(services: BillingServices, { toName }: Mail, data: object): Composed {
  const { seller } = services.config
  return { data: { ...data, account: { name: toName }, seller, accountUrl: accountUrlOf(services) } }
}

const accountUrlOf = ({ config }: BillingServices) => `${config.baseUrl}/account/autopay`

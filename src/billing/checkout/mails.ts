import { hashOfSecret, newSecret } from '../../identity/email-tokens/email-tokens.ts'
import { insertRenewalToken } from '../../identity/email-tokens/queries.ts'
import type { Mail } from '../../records/mails/queries.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import type { BillingServices } from '../payments/gateway.ts'
import { findLastAttempt, findOrder } from '../payments/queries.ts'
import { findPlanByKey } from '../plans/queries.ts'
import { findPlanFor } from '../pricing/queries.ts'
import { findReminder, type Reminder } from '../reminders/queries.ts'
import { findEndingSubscription } from '../subscriptions/queries.ts'
import { subscriptionOf } from '../subscriptions/subscriptions.ts'
import { isOnSale } from './on-sale.ts'
import { findMoneyUnderWay } from './queries.ts'

/** The mails that ask to go on or to finish paying: they offer to take money, so they are checkout's. */
export const checkoutMails = (services: BillingServices): Pick<Composers, 'renewal' | 'rescue'> => ({
  renewal: (mail, how) => composeRenewal(services, mail, how),
  rescue: (mail, how) => composeRescue(services, mail, how),
})

type How = { preview: boolean } | undefined

/**
 * A step of the ladder around an end: how to renew with one tap, or that a payment is under way already. Null when the person
 * renewed, left or stopped reminders meanwhile, or a later step is on its way.
 */
async function composeRenewal(services: BillingServices, mail: Mail, how: How): Promise<Composed | null> {
  const { sql } = services
  const [userId, endsOn] = mail.subjectKey.split(':') as [string, string]
  const [reminder, ending] = await Promise.all([
    findReminder(sql, 'renewal', mail.subjectKey),
    findEndingSubscription(sql, userId, endsOn),
  ])
  if (!ending || (reminder && isOver(reminder))) return null
  const plan = await findPlanFor(sql, userId, ending.nextName)
  if (!plan) return null
  const isSame = ending.planName === plan.name && ending.paidPaise !== null && ending.paidPaise !== plan.pricePaise
  const version = isSame ? await findPlanByKey(sql, plan.key) : undefined
  const isPaying = (await findMoneyUnderWay(sql, userId)).length > 0
  return withRenewalLink(services, mail, reminder, how, {
    ending: { ...ending, isPaying },
    plan,
    was: version ? { pricePaise: ending.paidPaise!, since: version.offeredAt } : null,
  })
}

/**
 * What was begun and not paid: the same order with one tap, and why the last try failed. Null when it was paid, is under way,
 * was begun anew, cannot be bought now, or the person wants no reminders.
 */
async function composeRescue(services: BillingServices, mail: Mail, how: How): Promise<Composed | null> {
  const { sql } = services
  const reminder = await findReminder(sql, 'rescue', mail.subjectKey)
  if (!reminder || isOver(reminder) || !(await isOnSale(services))) return null
  const { userId, about, planName } = reminder
  const [subscription, underWay, plan] = await Promise.all([
    subscriptionOf(sql, userId),
    findMoneyUnderWay(sql, userId),
    findPlanFor(sql, userId, planName),
  ])
  if (subscription.hasAccess || underWay.length > 0 || !plan) return null
  const order = about === 'registration' ? undefined : await findOrder(sql, about)
  const attempt = order && (await findLastAttempt(sql, order.id))
  const pricePaise =
    order && (order.status === 'created' || order.status === 'active') ? order.amountPaise : plan.pricePaise
  return withRenewalLink(services, mail, reminder, how, {
    plan: { ...plan, pricePaise },
    failure: attempt?.status === 'FAILED' ? (attempt.reason ?? 'the bank gave no reason') : null,
  })
}

function isOver({ isOvertaken, isPaid, mayBeReminded }: Reminder): boolean {
  return isOvertaken || isPaid || !mayBeReminded
}

/** The mail with its link, whose secret is made now and kept as a hash only. Mails of the release before have no reminder. */
export async function withRenewalLink(
  { sql, config }: BillingServices,
  mail: Mail,
  reminder: Reminder | undefined,
  how: How,
  data: { plan: { name: string; pricePaise: number } } & Record<string, unknown>,
): Promise<Composed> {
  const shared = { ...data, account: { name: mail.toName }, seller: config.seller }
  if (!reminder) return { data: { ...shared, link: `${config.baseUrl}/checkout/${data.plan.name}`, stopUrl: null } }
  const secret = how?.preview ? '(hidden)' : newSecret()
  const { id, userId } = reminder
  if (!how?.preview)
    await insertRenewalToken(sql, {
      userId,
      email: mail.toEmail,
      planName: data.plan.name,
      reminderId: id,
      secretHash: hashOfSecret(secret),
    })
  const link = `${config.baseUrl}/renew/${secret}`
  return {
    // Composed again it is another mail: it has another secret.
    messageKey: `${mail.kind}.${mail.subjectKey}.${mail.copy}.${mail.attempts}`,
    data: { ...shared, link, stopUrl: `${link}/stop` },
    headers: { 'List-Unsubscribe': `<${link}/stop>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
  }
}

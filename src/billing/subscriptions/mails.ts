import type { Config } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { refundDays } from '../payments/payments.ts'
import { findCancelledEnd, findGrant, findSubscriptionRow } from './queries.ts'

/** The mails about a subscription: after it was cancelled, and about granted days. */
export const subscriptionMails = ({ sql, config }: Services): Pick<Composers, 'granted' | 'cancelled' | 'leaving'> => ({
  leaving: (mail) => composeLeavingMail(sql, config, mail),
  granted: (mail) => composeGrantedMail(sql, config, mail),
  cancelled: (mail) => composeCancelledMail(sql, config, mail),
})

/** What the mail about granted days says; null when they were taken back before it went out. */
async function composeGrantedMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toName: string },
): Promise<Composed | null> {
  const grant = await findGrant(sql, mail.subjectKey)
  if (!grant) return null
  return {
    data: {
      grant,
      account: { name: mail.toName },
      seller: config.seller,
      dashboardUrl: `${config.baseUrl}/dashboard`,
    },
  }
}

/** What the mail that confirms leaving says; null when they stay after all. */
async function composeLeavingMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toName: string },
): Promise<Composed | null> {
  const [userId] = mail.subjectKey.split(':')
  const subscription = await findSubscriptionRow(sql, userId!)
  if (!subscription?.cancelRequestedAt) return null
  return {
    data: {
      /** Null where it has stopped: who cancels within grace has no access from that moment. */
      endsAt: subscription.hasAccess ? subscription.currentPeriodEnd : null,
      account: { name: mail.toName },
      seller: config.seller,
      accountUrl: `${config.baseUrl}/account`,
      refundDays,
      refundsUrl: `${config.baseUrl}/refunds`,
    },
  }
}

/** What the mail about a cancelled subscription says; null when there is access again. */
async function composeCancelledMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toName: string },
): Promise<Composed | null> {
  const [userId] = mail.subjectKey.split(':')
  const cancelled = await findCancelledEnd(sql, userId!)
  if (!cancelled) return null
  return {
    data: {
      cancelled,
      account: { name: mail.toName },
      seller: config.seller,
      accountUrl: `${config.baseUrl}/dashboard`,
    },
  }
}

import type { Config } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import type { Composed } from '../../records/mails/mails.ts'
import { findCancelledEnd, findEndingSubscription, findGrant } from './queries.ts'

/** What the mail before access ends says, bought or granted; null when the person renewed meanwhile or it was ended. */
export async function composeRenewalMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toName: string },
): Promise<Composed | null> {
  const [userId, endsOn] = mail.subjectKey.split(':')
  const ending = await findEndingSubscription(sql, userId!, endsOn!)
  if (!ending) return null
  return {
    template: 'renewal',
    data: {
      ending,
      account: { name: mail.toName },
      seller: config.seller,
      renewUrl: `${config.baseUrl}/checkout/${ending.nextName}`,
    },
  }
}

/** What the mail about granted days says; null when they were taken back before it went out. */
export async function composeGrantedMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toName: string },
): Promise<Composed | null> {
  const grant = await findGrant(sql, mail.subjectKey)
  if (!grant) return null
  return {
    template: 'granted',
    data: {
      grant,
      account: { name: mail.toName },
      seller: config.seller,
      dashboardUrl: `${config.baseUrl}/dashboard`,
    },
  }
}

/** What the mail about a cancelled subscription says; null when there is access again. */
export async function composeCancelledMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toName: string },
): Promise<Composed | null> {
  const [userId] = mail.subjectKey.split(':')
  const cancelled = await findCancelledEnd(sql, userId!)
  if (!cancelled) return null
  return {
    template: 'cancelled',
    data: {
      cancelled,
      account: { name: mail.toName },
      seller: config.seller,
      accountUrl: `${config.baseUrl}/dashboard`,
    },
  }
}

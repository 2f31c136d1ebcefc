import type { Composed } from '../mails/mails.ts'
import type { Config } from '../platform/config.ts'
import type { Sql } from '../platform/db.ts'
import { findEndingSubscription } from './queries.ts'

/** What the mail before a period's end says; null when the person renewed meanwhile or the period was ended. */
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
      renewUrl: `${config.baseUrl}/checkout/${ending.planName}`,
    },
  }
}

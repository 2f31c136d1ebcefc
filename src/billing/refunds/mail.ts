import type { Config } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import type { Composed } from '../../records/mails/mails.ts'
import { findRefundForMail } from './queries.ts'

/** What the mail says once a refund reached the customer: how much, what it does to access, the credit note. */
export async function composeRefundMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toName: string },
): Promise<Composed> {
  const refund = await findRefundForMail(sql, mail.subjectKey)
  if (!refund) throw new Error('a refund mail without its refund')
  return {
    template: 'refund',
    data: {
      refund,
      account: { name: mail.toName },
      seller: config.seller,
      dashboardUrl: `${config.baseUrl}/dashboard`,
    },
  }
}

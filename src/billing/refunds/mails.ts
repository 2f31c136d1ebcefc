import type { Config } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { findRefundForMail } from './queries.ts'

/** The mails about refunds. */
export const refundMails = ({ sql, config }: Services): Pick<Composers, 'refund'> => ({
  refund: (mail) => composeRefundMail(sql, config, mail),
})

/** What the mail says once a refund reached the customer: how much, what it does to access, the credit note. */
async function composeRefundMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toName: string },
): Promise<Composed> {
  const refund = await findRefundForMail(sql, mail.subjectKey)
  if (!refund) throw new Error('a refund mail without its refund')
  return {
    data: {
      refund,
      account: { name: mail.toName },
      seller: config.seller,
      dashboardUrl: `${config.baseUrl}/dashboard`,
    },
  }
}

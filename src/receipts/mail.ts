import type { Composed } from '../mails/mails.ts'
import type { Config } from '../platform/config.ts'
import type { Sql } from '../platform/db.ts'
import { findReceiptRow } from './queries.ts'
import { receiptOf } from './receipts.ts'

/** What the receipt mail says, composed when it is sent; it is the activation mail too. Throws for an unknown number. */
export async function composeReceiptMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toName: string },
): Promise<Composed> {
  const row = await findReceiptRow(sql, mail.subjectKey)
  if (!row) throw new Error('a receipt mail without its receipt')
  return {
    template: 'receipt',
    data: {
      receipt: receiptOf(row),
      account: { name: mail.toName },
      seller: config.seller,
      dashboardUrl: `${config.baseUrl}/dashboard`,
      receiptUrl: `${config.baseUrl}/receipts/${row.number}`,
    },
  }
}

import type { Log } from '../../platform/log.ts'
import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { printed } from './print.ts'
import { findReceiptRow } from './queries.ts'
import { type Receipt, receiptOf } from './receipts.ts'

/** The mail with a receipt; it is the activation mail too. */
export const receiptMails = (services: Services): Pick<Composers, 'receipt'> => ({
  receipt: (mail, how) => composeReceiptMail(services, mail, how),
})

/**
 * What the receipt mail says, composed when it is sent, with the receipt as PDF. A preview is without the file. Throws for an unknown number.
 */
async function composeReceiptMail(
  { sql, config, log }: Services,
  mail: { subjectKey: string; toName: string },
  { preview } = { preview: false },
): Promise<Composed> {
  const row = await findReceiptRow(sql, mail.subjectKey)
  if (!row) throw new Error('a receipt mail without its receipt')
  const receipt = receiptOf(row)
  const file = preview ? null : await attachmentOf(receipt, log)
  return {
    data: {
      receipt,
      account: { name: mail.toName },
      seller: config.seller,
      dashboardUrl: `${config.baseUrl}/dashboard`,
      receiptUrl: `${config.baseUrl}/receipts/${row.number}`,
      isAttached: preview || file !== null,
    },
    ...(file ? { attachments: [file] } : {}),
  }
}

/** The receipt as PDF. Null when it could not be made: the mail has it all in words and a link, and goes without. */
async function attachmentOf(receipt: Receipt, log: Log) {
  try {
    const content = await printed(receipt, log, { patient: true })
    return { filename: `${receipt.number}.pdf`, content, contentType: 'application/pdf' }
  } catch (error) {
    log.warn(
      { event: 'receipt not attached', receipt: receipt.number, err: error },
      'a receipt mail goes without its PDF',
    )
    return null
  }
}

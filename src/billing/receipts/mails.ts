import type { Log } from '../../platform/log.ts'
import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { type Paper, paperOfReceipt } from './paper.ts'
import { printed } from './print.ts'
import { findReceiptRow } from './queries.ts'

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
  const paper = paperOfReceipt(row)
  const file = preview ? null : await attachmentOf(paper, log)
  return {
    data: {
      paper,
      paidAt: row.paidAt,
      account: { name: mail.toName },
      seller: config.seller,
      dashboardUrl: `${config.baseUrl}/dashboard`,
      paperUrl: `${config.baseUrl}/receipts/${row.number}`,
      isAttached: preview || file !== null,
    },
    ...(file ? { attachments: [file] } : {}),
  }
}

/** A paper as PDF. Null when it could not be made: the mail has it all in words and a link, and goes without. */
export async function attachmentOf(paper: Paper, log: Log) {
  try {
    const content = await printed(paper, log, { patient: true })
    return { filename: `${paper.number}.pdf`, content, contentType: 'application/pdf' }
  } catch (error) {
    log.warn({ event: 'paper not attached', paper: paper.number, err: error }, 'a mail goes without its PDF')
    return null
  }
}

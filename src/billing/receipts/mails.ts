import type { Log } from '../../platform/log.ts'
import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { type Paper, paperOfCreditNote, paperOfReceipt } from './paper.ts'
import { printed } from './print.ts'
import { findCreditNoteRow, findReceiptRow } from './queries.ts'

/** The mail with a receipt; it is the activation mail too. */
export const receiptMails = (services: Services): Pick<Composers, 'receipt'> => ({
  receipt: (mail, how) => composeReceiptMail(services, mail, how),
})

/**
 * What the receipt mail says, composed when it is sent, with the receipt as PDF; that of a corrected receipt brings the credit
 * note over the one before as well. A preview is without files. Null for a receipt that was corrected meanwhile: the mail of
 * the one that counts tells of both, and must not be followed by this one. Throws for an unknown number.
 */
async function composeReceiptMail(
  { sql, config, log }: Services,
  mail: { subjectKey: string; toName: string },
  { preview } = { preview: false },
): Promise<Composed | null> {
  const row = await findReceiptRow(sql, mail.subjectKey)
  if (!row) throw new Error('a receipt mail without its receipt')
  if (row.replacedBy) return null
  const paper = paperOfReceipt(row)
  const note = row.noteOverReplaced ? await findCreditNoteRow(sql, row.noteOverReplaced) : undefined
  const papers = note ? [paper, paperOfCreditNote(note)] : [paper]
  const made = preview ? [] : await Promise.all(papers.map((one) => attachmentOf(one, log)))
  const attachments = made.filter((file) => file !== null)
  return {
    attachments,
    data: {
      paper,
      note: note ? { number: note.number, url: `${config.baseUrl}/credit-notes/${note.number}` } : null,
      paidAt: row.paidAt,
      account: { name: mail.toName },
      seller: config.seller,
      dashboardUrl: `${config.baseUrl}/dashboard`,
      paperUrl: `${config.baseUrl}/receipts/${row.number}`,
      isAttached: preview || attachments.length === papers.length,
    },
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

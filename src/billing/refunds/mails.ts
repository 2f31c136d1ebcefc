import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { attachmentOf } from '../receipts/mails.ts'
import { paperOfCreditNote } from '../receipts/paper.ts'
import { findCreditNoteRow } from '../receipts/queries.ts'
import { findRefundForMail } from './queries.ts'

/** The mails about refunds. */
export const refundMails = (services: Services): Pick<Composers, 'refund'> => ({
  refund: (mail, how) => composeRefundMail(services, mail, how),
})

/** What the mail says once a refund reached the customer: how much, what it does to access, the credit note as PDF. */
async function composeRefundMail(
  { sql, config, log }: Services,
  mail: { subjectKey: string; toName: string },
  { preview } = { preview: false },
): Promise<Composed> {
  const refund = await findRefundForMail(sql, mail.subjectKey)
  if (!refund) throw new Error('a refund mail without its refund')
  const note = refund.creditNote && !preview ? await findCreditNoteRow(sql, refund.creditNote) : undefined
  const file = note ? await attachmentOf(paperOfCreditNote(note), log) : null
  return {
    ...(file ? { attachments: [file] } : {}),
    data: {
      refund,
      account: { name: mail.toName },
      seller: config.seller,
      dashboardUrl: `${config.baseUrl}/dashboard`,
      noteUrl: refund.creditNote ? `${config.baseUrl}/credit-notes/${refund.creditNote}` : null,
    },
  }
}

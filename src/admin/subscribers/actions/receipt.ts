import { dateTimeInIndia } from '../../../platform/dates.ts'
import { AppError } from '../../../platform/errors.ts'
import { rupees } from '../../../platform/money.ts'
import { resendMail } from '../../../records/mails/mails.ts'
import { type AdminAction, closedFor } from './action.ts'
import { findReceiptMail } from './queries.ts'

/** Sends a receipt's mail once more, to the address the account has now. */
export const receipt: AdminAction = {
  title: 'Send a receipt again',
  tone: 'plain',
  needsIdentity: false,
  asks: [],
  preview: async (sql, person, typed) => {
    const mail = await findReceiptMail(sql, person.id, typed.number)
    if (!mail) throw new AppError('not-found', 'There is no such receipt in this account.')
    return {
      rows: [
        { label: 'Receipt', value: typed.number },
        { label: 'Amount', value: rupees(mail.amountPaise) },
        { label: 'Last sent', value: mail.sentAt ? dateTimeInIndia(mail.sentAt) : 'not yet: still waiting' },
        { label: 'Goes to', value: mail.email, total: true },
      ],
      text: 'The same receipt, to the address the account has now.',
      button: 'Send it again',
      hidden: { number: typed.number, seen: String(mail.copy + 1) },
      closed: closedFor(person) ?? closedBy(mail),
    }
  },
  perform: async (sql, person, typed, actor) => {
    const mail = await findReceiptMail(sql, person.id, typed.number)
    if (!mail) throw new AppError('not-found', 'There is no such receipt in this account.')
    const copy = /^\d{1,6}$/.test(typed.seen) ? Number(typed.seen) : 0
    const closed = closedFor(person) ?? closedBy(mail)
    if (copy < 1 || closed) throw new AppError('conflict', closed ?? 'Please reload the page.')
    await resendMail(sql, mail.id, { by: actor, copy })
    return `Receipt ${typed.number} goes to ${mail.email} again.`
  },
}

/** The mail of a receipt that counts no more is not sent: that of its correction brings all papers. */
function closedBy({ replacedBy }: { replacedBy: string | null }): string | null {
  return replacedBy && `This receipt was corrected. Please send ${replacedBy} instead.`
}

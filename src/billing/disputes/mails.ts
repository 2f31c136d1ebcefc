import { dateTimeInIndia } from '../../platform/dates.ts'
import { rupees } from '../../platform/money.ts'
import type { Services } from '../../platform/services.ts'
import type { Composer } from '../../records/mails/registry.ts'
import { findDispute } from './queries.ts'

/**
 * The alert that reminds of an answer that is due ("dispute:<id>:<deadline in seconds>"); null when the dispute was
 * answered, closed or given more time meanwhile.
 */
export const disputeReminder =
  ({ sql, config }: Services): Composer =>
  async (mail) => {
    const [, id, deadline] = mail.subjectKey.split(':')
    const dispute = await findDispute(sql, id!)
    if (!dispute?.respondBy || !(dispute.status === 'open' || dispute.status === 'unclear')) return null
    if (Math.floor(dispute.respondBy.getTime() / 1000) !== Number(deadline)) return null
    const alert = {
      title: `Answer dispute ${dispute.id} by ${dateTimeInIndia(dispute.respondBy)}`,
      meaning:
        'The payer’s bank asks for the money back. Without an answer in Cashfree’s dashboard before the deadline it is lost.',
      openedAt: dispute.openedAt,
      facts: [
        ['Amount', dispute.amountPaise === null ? null : rupees(dispute.amountPaise)],
        ['Reason', dispute.reason],
        ['Kind', dispute.type],
        ['Cashfree says', dispute.remarks],
        ['Order', dispute.orderId],
      ].filter((fact) => fact[1]),
    }
    return { data: { alert, seller: config.seller, baseUrl: config.baseUrl } }
  }

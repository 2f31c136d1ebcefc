import type { Config } from '../../platform/config.ts'
import { dateTimeInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { rupees } from '../../platform/money.ts'
import type { Composed } from '../../records/mails/mails.ts'
import { findDispute } from './queries.ts'

/** The reminder of an answer that is due; null when the dispute was answered, closed or given more time meanwhile. */
export async function composeDisputeReminder(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string },
): Promise<Composed | null> {
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
  return { template: 'alert', data: { alert, seller: config.seller, baseUrl: config.baseUrl } }
}

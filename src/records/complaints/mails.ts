import { dateInIndia, dateTimeInIndia } from '../../platform/dates.ts'
import type { Services } from '../../platform/services.ts'
import type { Composer, Composers } from '../mails/registry.ts'
import { findComplaint } from './queries.ts'

/** The mails to who complained: its number at once, and the answer. */
export function complaintMails({
  sql,
  config,
}: Services): Pick<Composers, 'complaint-received' | 'complaint-answered'> {
  const compose: Composer = async (mail) => {
    const complaint = await findComplaint(sql, mail.subjectKey)
    return complaint ? { data: { complaint, officer: config.grievanceOfficer, seller: config.seller } } : null
  }
  return { 'complaint-received': compose, 'complaint-answered': compose }
}

/** What the alert about a new complaint says; null once it is answered. Subject key: "complaint:<number>". */
export function complaintAlert({ sql, config }: Services): Composer {
  return async (mail) => {
    const complaint = await findComplaint(sql, mail.subjectKey.split(':')[1]!)
    if (!complaint || complaint.answeredAt) return null
    const alert = {
      title: `Complaint ${complaint.number}`,
      meaning: 'Somebody wrote to the grievance officer. Answer it in the panel, under Complaints.',
      openedAt: complaint.receivedAt,
      facts: [
        ['Complaint', complaint.number],
        ['Received', dateTimeInIndia(complaint.receivedAt)],
        ['Answer by', dateInIndia(complaint.answerBy)],
      ],
    }
    return { data: { alert, seller: config.seller, baseUrl: config.baseUrl } }
  }
}

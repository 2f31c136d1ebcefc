import { dateInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import type { Composer, Composers } from '../mails/registry.ts'
import { findComplaint, findOpenComplaints, insertComplaintAlert, isConfirmedEmailOf } from './queries.ts'

/**
 * The mails to who complained: its number at once, and the answer. The first goes to any address that is typed, so it repeats
 * name and text only to the one which the person who is signed in has confirmed.
 */
export function complaintMails({
  sql,
  config,
}: Services): Pick<Composers, 'complaint-received' | 'complaint-answered'> {
  const compose: Composer = async (mail) => {
    const complaint = await findComplaint(sql, mail.subjectKey)
    if (!complaint) return null
    const isOwn = await isConfirmedEmailOf(sql, complaint.userId, mail.toEmail)
    return { data: { complaint, isOwn, officer: config.grievanceOfficer, seller: config.seller } }
  }
  return { 'complaint-received': compose, 'complaint-answered': compose }
}

/** Writes the operator's alert about complaints that are new, when there is an address to write to. Returns how many mails. */
export async function queueComplaintAlerts(sql: Sql, to: string | null): Promise<number> {
  return to === null ? 0 : insertComplaintAlert(sql, to)
}

/** What the alert about complaints says: how many wait by now; null once all are answered. Subject key: "complaint:<number>". */
export function complaintAlert({ sql, config }: Services): Composer {
  return async () => {
    const open = await findOpenComplaints(sql)
    if (!open) return null
    const alert = {
      title: open.count === 1 ? `Complaint ${open.newest}` : `${open.count} complaints`,
      meaning: 'The grievance officer has complaints to answer. Answer them in the panel, under Complaints.',
      openedAt: open.since,
      facts: [
        ['Waiting', String(open.count)],
        ['Newest', open.newest],
        ['Answer by', dateInIndia(open.answerBy)],
      ],
    }
    return { data: { alert, seller: config.seller, baseUrl: config.baseUrl } }
  }
}

import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A complaint with its clocks: when it had to be acknowledged and is to be answered, by the database's clock. */
export type Complaint = {
  id: number
  number: string
  userId: string | null
  name: string
  email: string
  reference: string
  text: string
  receivedAt: Date
  /** When the mail with its number went out; null: not yet. */
  acknowledgedAt: Date | null
  acknowledgeBy: Date
  answerBy: Date
  answer: string | null
  answeredBy: string | null
  answeredAt: Date | null
  /** Not acknowledged, or not answered, in time. */
  isLate: boolean
}

/** What somebody complains about. `formKey` makes sending the same text twice one complaint. */
export type NewComplaint = {
  formKey: string
  userId: string | null
  name: string
  email: string
  reference: string
  text: string
}

/** Files a complaint (change-complaints.sql) and returns its number. */
export async function insertComplaint(
  sql: Sql,
  complaint: NewComplaint,
  alertEmail: string | null,
  by: Actor,
): Promise<string> {
  const { formKey, userId, name, email, reference, text } = complaint
  const [row] = await sql<{ number: string }[]>`
    select file_complaint(${formKey}, ${userId}, ${name}, ${email}, ${reference}, ${text}, ${alertEmail},
                          ${by.actor}, ${originJson(sql, by)}) as number
  `
  return row!.number
}

/** Whether the number of a complaint went, or goes, to its sender by mail: not where their address had its mails of the day. */
export async function isAcknowledgedByMail(sql: Sql, number: string): Promise<boolean> {
  const rows = await sql`select from mails where kind = 'complaint-received' and subject_key = ${number} limit 1`
  return rows.count > 0
}

/** Whether an address is the one that this person has confirmed. */
export async function isConfirmedEmailOf(sql: Sql, userId: string | null, email: string): Promise<boolean> {
  const [row] = await sql<{ is: boolean }[]>`select is_confirmed_email_of(${userId}, ${email}) as is`
  return row!.is
}

/** Alerts the operator to complaints that no alert told of yet. Returns how many mails that is, at most one. */
export async function insertComplaintAlert(sql: Sql, to: string): Promise<number> {
  const [row] = await sql<{ written: boolean }[]>`select queue_complaint_alert(${to}) as written`
  return Number(row!.written)
}

/** The complaints that wait for an answer: how many, the newest of them, and since when. */
export type OpenComplaints = { count: number; newest: string; since: Date; answerBy: Date }

/** All complaints without an answer; undefined when there is none. */
export async function findOpenComplaints(sql: Sql): Promise<OpenComplaints | undefined> {
  const [row] = await sql<OpenComplaints[]>`
    select count(*)::int as count, (array_agg(number order by id desc))[1] as newest, min(received_at) as since,
           min(received_at) + interval '30 days' as answer_by
    from complaints
    where answered_at is null
    having count(*) > 0
  `
  return row
}

/** Answers a complaint. False: it was answered already. */
export async function answerComplaint(sql: Sql, number: string, answer: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select answer_complaint(${number}, ${answer}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** One complaint by its number. */
export async function findComplaint(sql: Sql, number: string): Promise<Complaint | undefined> {
  const [row] = await sql<Complaint[]>`select ${complaintColumns(sql)} from complaints c where c.number = ${number}`
  return row
}

/** A person's complaints, newest first. */
export async function listComplaintsOf(sql: Sql, userId: string): Promise<Complaint[]> {
  return sql<Complaint[]>`
    select ${complaintColumns(sql)} from complaints c where c.user_id = ${userId} order by c.id desc limit 50
  `
}

/** The columns of a `Complaint`, of `complaints c`. */
export function complaintColumns(sql: Sql) {
  const acknowledged = sql`(select min(m.sent_at) from mails m where m.kind = 'complaint-received' and m.subject_key = c.number)`
  return sql`c.id, c.number, c.user_id, c.name, c.email, c.reference, c.text, c.received_at, ${acknowledged} as acknowledged_at,
             c.received_at + interval '48 hours' as acknowledge_by, c.received_at + interval '30 days' as answer_by,
             c.answer, c.answered_by, c.answered_at,
             coalesce(c.answered_at, now()) > c.received_at + interval '30 days'
               or coalesce(${acknowledged}, c.answered_at, now()) > c.received_at + interval '48 hours' as is_late`
}

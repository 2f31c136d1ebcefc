import type { Sql } from '../../platform/db.ts'
import type { Span } from '../days.ts'

/** What the log shows of a mail. */
export type LoggedMail = {
  id: number
  kind: string
  subjectKey: string
  copy: number
  toName: string
  toEmail: string
  userId: string | null
  status: 'queued' | 'sent' | 'skipped' | 'dead'
  attempts: number
  lastError: string | null
  createdAt: Date
  sentAt: Date | null
}

/** One mail, whole. `copies`: every row of the same mail; the next copy has the number after the last of them. */
export type WholeMail = LoggedMail & {
  nextAttemptAt: Date
  retriedAt: Date | null
  copies: { id: number; copy: number; status: string; createdAt: Date }[]
}

export type MailFilter = { status: string; kind: string; to: string; span: Span }

/** Mails below a number, newest first. `to` is the beginning of an address. */
export async function listMails(sql: Sql, filter: MailFilter, below: number, limit: number) {
  const to = filter.to.toLowerCase()
  return sql<LoggedMail[]>`
    select ${columns(sql)}
    from mails m
    where m.id < ${below}
      ${filter.status ? sql`and m.status = ${filter.status}` : sql``}
      ${filter.kind ? sql`and m.kind = ${filter.kind}` : sql``}
      ${to ? sql`and lower(m.to_email) ~>=~ ${to} and lower(m.to_email) ~<~ ${`${to}\u{10FFFF}`}` : sql``}
      ${filter.span.since ? withinDays(sql, filter.span) : sql``}
    order by m.id desc
    limit ${limit}
  `
}

/** One mail with all its copies. */
export async function findMail(sql: Sql, id: number): Promise<WholeMail | undefined> {
  const [row] = await sql<Omit<WholeMail, 'copies'>[]>`
    select ${columns(sql)}, m.next_attempt_at, m.retried_at from mails m where m.id = ${id}
  `
  if (!row) return undefined
  const copies = await sql<WholeMail['copies']>`
    select id, copy, status, created_at from mails
    where kind = ${row.kind} and subject_key = ${row.subjectKey}
    order by copy desc
  `
  return { ...row, copies: [...copies] }
}

/** Kinds that were written, for the filter: one step through the index for each. */
export async function listKinds(sql: Sql): Promise<string[]> {
  const rows = await sql<{ kind: string }[]>`
    with recursive seen as (
      (select kind from mails order by kind limit 1)
      union all
      select (select m.kind from mails m where m.kind > seen.kind order by m.kind limit 1)
      from seen
      where seen.kind is not null
    )
    select kind from seen where kind is not null limit 50
  `
  return rows.map((row) => row.kind)
}

function columns(sql: Sql) {
  return sql`m.id, m.kind, m.subject_key, m.copy, m.to_name, m.to_email, m.user_id, m.status, m.attempts, m.last_error,
             m.created_at, m.sent_at`
}

/** The numbers of a day's rows, found by the day alone (`offset 0` keeps the planner from walking all numbers instead). */
function withinDays(sql: Sql, { since, before }: Span) {
  const day = sql`select id from mails where created_at >= ${since} and created_at < ${before} offset 0`
  return sql`and m.id between (select min(id) from (${day}) d) and (select max(id) from (${day}) d)`
}

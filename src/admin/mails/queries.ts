import type { Sql } from '../../platform/db.ts'
import type { Mail } from '../../records/mails/queries.ts'
import type { Span } from '../days.ts'
import { andWithinDays, listValues } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'
import { below } from '../row-numbers.ts'

/** What the log shows of a mail. */
export type LoggedMail = Mail & {
  userId: string | null
  status: 'queued' | 'sent' | 'skipped' | 'dead'
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

type MailFilter = { status: string; kind: string; to: string; span: Span }

/** Mails, newest first. `to` is the beginning of an address. */
export async function listMails(sql: Sql, filter: MailFilter, after: Cursor | null, limit: number) {
  const to = filter.to.toLowerCase()
  return sql<LoggedMail[]>`
    select ${columns(sql)}
    from mails m
    where m.id < ${below(after)}
      ${filter.status ? sql`and m.status = ${filter.status}` : sql``}
      ${['', 'sent'].includes(filter.status) ? sql`` : sql`and m.status <> 'sent'`}
      ${filter.kind ? sql`and m.kind = ${filter.kind}` : sql``}
      ${to ? sql`and lower(m.to_email) ~>=~ ${to} and lower(m.to_email) ~<~ ${`${to}\u{10FFFF}`}` : sql``}
      ${andWithinDays(sql, sql`m.id`, 'mails', 'created_at', filter.span)}
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

/** Kinds that were written, for the filter. */
export function listKinds(sql: Sql): Promise<string[]> {
  return listValues(sql, 'mails', 'kind', 50)
}

function columns(sql: Sql) {
  return sql`m.id, m.kind, m.subject_key, m.copy, m.to_name, m.to_email, m.user_id, m.status, m.attempts, m.last_error,
             m.created_at, m.sent_at`
}

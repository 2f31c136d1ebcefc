import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'

/** Suspends an account with a reason, or lets it log in again without one; see suspension-and-role.sql for the answers. */
export async function setSuspension(sql: Sql, userId: string, reason: string | null, actor: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select set_suspension(${userId}, ${reason}, ${actor.actor}, ${originJson(sql, actor)}) as outcome
  `
  return row!.outcome
}

/** Gives another role to an account that has the role `seen`; see suspension-and-role.sql for the answers. */
export async function changeRole(sql: Sql, userId: string, role: { seen: string; becomes: string }, actor: Actor) {
  const [row] = await sql<{ outcome: string }[]>`
    select change_role(${userId}, ${role.seen}, ${role.becomes}, ${actor.actor}, ${originJson(sql, actor)}) as outcome
  `
  return row!.outcome
}

/** A corrected address, the one it replaces as the page showed it, and both as the audit shows them, with the reason. */
type Correction = {
  userId: string
  seen: string
  email: string
  shown: { before: string; after: string; reason: string }
}

/** Corrects an account's address, or sends the link that does; see correct-email.sql for the answers. */
export async function correctEmail(
  sql: Sql,
  { userId, seen, email, shown }: Correction,
  actor: Actor,
): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select correct_email(${userId}, ${seen}, ${email}, ${sql.json(shown)}, ${actor.actor}, ${originJson(sql, actor)}) as outcome
  `
  return row!.outcome
}

/** Ends every session of an account. Returns how many there were. */
export async function signOutEverywhere(sql: Sql, userId: string, actor: Actor): Promise<number> {
  const [row] = await sql<{ ended: number }[]>`
    select sign_out_everywhere(${userId}, ${actor.actor}, ${originJson(sql, actor)}) as ended
  `
  return row!.ended
}

/** A receipt, the newest copy of its mail, and where the next one goes. */
type ReceiptMail = {
  id: number
  copy: number
  email: string
  sentAt: Date | null
  amountPaise: number
  /** The receipt that corrects it. */
  replacedBy: string | null
}

/** The newest copy of a receipt's mail, and where the next one goes. */
export async function findReceiptMail(sql: Sql, userId: string, number: string): Promise<ReceiptMail | undefined> {
  const [row] = await sql<ReceiptMail[]>`
    select m.id, m.copy, u.email, m.sent_at, r.amount_paise,
           (select later.number from receipts later where later.replaces = r.number) as replaced_by
    from receipts r
    join users u on u.id = r.user_id
    join mails m on m.kind = 'receipt' and m.subject_key = r.number
    where r.number = ${number} and r.user_id = ${userId}
    order by m.copy desc
    limit 1
  `
  return row
}

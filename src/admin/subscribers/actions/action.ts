import { randomUUID } from 'node:crypto'
import type { Actor } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError } from '../../../platform/errors.ts'
import type { PersonFile } from '../person/queries.ts'

/** What an action's form may hold. `seen` is what the page showed; `key` identifies the action, so that sent twice it is done once. */
export const actionFields = ['days', 'reason', 'role', 'email', 'number', 'seen', 'key'] as const
export type Typed = Record<(typeof actionFields)[number], string>

export type Row = { label: string; value: string | null; total?: boolean }

/** What will happen, shown before the button; `closed` is the reason why nothing can. */
export type ActionPreview = {
  rows: Row[]
  text: string
  /** The button's label, which names the action. */
  button: string
  hidden: Partial<Typed>
  closed: string | null
}

/** Something an administrator does to one account, on a page of its own that shows what will happen and asks. */
export type AdminAction = {
  title: string
  tone: 'plain' | 'danger'
  /** Password and code again, unless given in the last ten minutes. */
  needsIdentity: boolean
  /** What else has to be typed. */
  asks: readonly ('reason' | 'role' | 'email')[]
  preview: (sql: Sql, person: PersonFile, typed: Typed, actor: Actor) => Promise<ActionPreview>
  /** Does it and returns the notice. Throws AppError `invalid` about fields and `conflict` when it is no longer as seen. */
  perform: (sql: Sql, person: PersonFile, typed: Typed, actor: Actor) => Promise<string>
}

/** Why nothing can be done to this account, or null. */
export function closedFor(person: PersonFile): string | null {
  return person.deletedAt
    ? 'This account was deleted. What remains of it is kept because the law requires it, and cannot be changed.'
    : null
}

/** Why an administrator does not do this to their own account, or null. */
export function notYourself(person: PersonFile, actor: Actor): string | null {
  return actor.actor === `user:${person.id}` ? 'This is your own account. Another administrator can do it.' : null
}

/** The reason as it goes on record. Throws AppError `invalid`. */
export function readReason({ reason }: Typed): string {
  const text = reason.trim()
  const error = text.length < 3 ? 'Say why, in a few words.' : text.length > 300 ? 'At most 300 characters.' : null
  if (error)
    throw new AppError('invalid', 'Nothing was done yet. Please check the highlighted field.', {
      fields: { reason: error },
    })
  return text
}

/** The key of an action: the one of the form, or a new one for a new form. */
export function keyOf({ key }: Typed): string {
  return /^[0-9a-f-]{36}$/.test(key) ? key : randomUUID()
}

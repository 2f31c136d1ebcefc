import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'

/** A note about a person; `author` is the user name of who wrote it. */
export type Note = { id: string; author: string; text: string; writtenAt: Date }

/** The notes about a person, newest first. */
export async function listNotes(sql: Sql, userId: string, limit: number): Promise<Note[]> {
  return sql<Note[]>`
    select n.id, a.username as author, n.text, n.written_at
    from person_notes n
    join users a on a.id = n.author_id
    where n.user_id = ${userId}
    order by n.written_at desc, n.id
    limit ${limit}
  `
}

/** Writes a note, once for each id; see change-notes.sql for the answers. */
export async function insertNote(
  sql: Sql,
  note: { id: string; userId: string; text: string },
  by: Actor,
): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select write_note(${note.id}, ${note.userId}, ${note.text}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** Removes a note of a person; see change-notes.sql for the answers. */
export async function deleteNote(sql: Sql, note: { id: string; userId: string }, by: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select remove_note(${note.id}, ${note.userId}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError, highlighted } from '../../platform/errors.ts'
import { beginningOf } from '../../platform/text.ts'
import { answerComplaint, type Complaint, findComplaint } from './queries.ts'

const longest = { reference: 100, text: 4_000, answer: 4_000 }

/**
 * What is typed into the form, checked; `already` are the problems known of its name and address. Throws AppError `invalid`
 * with a sentence for each field.
 */
export function readComplaint(
  typed: { name: string; email: string; reference: string; text: string },
  already: Record<string, string>,
) {
  const complaint = {
    name: typed.name,
    email: typed.email,
    reference: beginningOf(typed.reference.trim(), longest.reference),
    text: typed.text.trim(),
  }
  const fields = { ...already }
  if (complaint.text === '') fields.text = 'Please say what went wrong.'
  if (complaint.text.length > longest.text) fields.text = `At most ${longest.text} characters. Please shorten it.`
  if (Object.keys(fields).length > 0) throw highlighted(fields)
  return complaint
}

/** The complaint with this number. Throws AppError `not-found`. */
export async function complaintAt(sql: Sql, number: string): Promise<Complaint> {
  const complaint = await findComplaint(sql, number)
  if (!complaint) throw new AppError('not-found', 'There is no such complaint.')
  return complaint
}

/** Answers a complaint by mail, once. Throws AppError `invalid` without an answer, `conflict` when it was answered meanwhile. */
export async function answer(sql: Sql, number: string, typed: string, by: Actor): Promise<void> {
  const text = typed.trim()
  const refuse = (sentence: string) => highlighted({ answer: sentence })
  if (text === '') throw refuse('Please write the answer that is mailed.')
  if (text.length > longest.answer) throw refuse(`At most ${longest.answer} characters. Please shorten it.`)
  if (!(await answerComplaint(sql, number, text, by)))
    throw new AppError('conflict', 'This complaint was answered in the meantime. Nothing was sent.')
}

import type { Actor } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError } from '../../../platform/errors.ts'
import { insertAnswer, listQuestions } from './question-queries.ts'

/**
 * Answers one question of a held import, about a basis by 'traded' or 'restated', about a name by 'same' or 'other'; repeating it
 * changes nothing. Throws AppError `conflict` when the import is not held any more, does not ask that, or has let go of the
 * prices already.
 */
export async function answerQuestion(
  sql: Sql,
  importId: number,
  answer: Record<'kind' | 'symbol' | 'seen' | 'answer', string>,
  by: Actor,
): Promise<void> {
  const refusal = refusals[await insertAnswer(sql, importId, answer, by)]
  if (refusal) throw new AppError('conflict', refusal)
}

/** Answers every open question about a basis alike. */
export async function answerAllBases(sql: Sql, importId: number, answer: string, by: Actor): Promise<void> {
  for (const one of await listQuestions(sql, importId))
    if (one.kind === 'basis' && one.answer === null) await answerQuestion(sql, importId, { ...one, answer }, by)
}

const refusals: Record<string, string> = {
  'not-held': 'This import is not held any more, so that nothing about it can be answered.',
  unknown: 'This import does not ask that. Please reload the page.',
  gone: 'These prices have left the import already. Import the file again to have them back.',
}

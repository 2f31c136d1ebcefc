import { hashPassword } from '../../identity/passwords/passwords.ts'
import type { SignedIn } from '../../identity/sessions/sessions.ts'
import { passwordProblem } from '../../identity/users/field-checks.ts'
import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError, highlighted } from '../../platform/errors.ts'
import { findPasswordHash, updatePassword } from './queries.ts'

/**
 * Changes the password of the person who is signed in; every other session of the account ends. `isTheirs` looks whether a
 * password is the present one. Throws AppError `invalid` about the fields `password` and `current_password`, `conflict`
 * when the password was changed elsewhere at the same moment.
 */
export async function changePassword(
  sql: Sql,
  by: Actor,
  { user, handle }: SignedIn,
  typed: { current: string; password: string; isTheirs: (password: string) => Promise<boolean> },
): Promise<void> {
  const refuse = (field: string, sentence: string) => highlighted({ [field]: sentence })
  const problem = passwordProblem(typed.password, [user.username, user.email, user.name])
  if (problem) throw refuse('password', problem)
  if (typed.password === typed.current) throw refuse('password', 'This is the password you have now.')
  const before = await findPasswordHash(sql, user.id)
  if (!(await typed.isTheirs(typed.current))) throw refuse('current_password', 'That is not your current password.')
  const after = await hashPassword(typed.password)
  if (!before || !(await updatePassword(sql, by, { userId: user.id, handle, before, after })))
    throw new AppError('conflict', 'Your password was changed at the same moment. Please log in again.')
}

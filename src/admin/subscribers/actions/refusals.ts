import { AppError } from '../../../platform/errors.ts'

/** What SQL functions answer that refuse an action on an account, `may_act_on` among them. */
const refusals: Record<string, AppError> = {
  'unknown-user': new AppError('not-found', 'There is no such account.'),
  'not-you': new AppError('conflict', 'You are no longer an administrator. Nothing was done.'),
  yourself: new AppError('conflict', 'You cannot do this to your own account. Ask another administrator.'),
  'last-admin': new AppError('conflict', 'This is the last administrator with full access. Nothing was done.'),
  changed: new AppError('conflict', 'This account changed in the meantime. Nothing was done; please check it again.'),
}

/** Throws the AppError that an answer stands for, if it refuses. */
export function refuse(outcome: string): void {
  const refusal = refusals[outcome]
  if (refusal) throw refusal
}

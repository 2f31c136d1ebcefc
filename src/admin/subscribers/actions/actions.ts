import { AppError } from '../../../platform/errors.ts'
import type { AdminAction } from './action.ts'
import { cancellation } from './cancellation.ts'
import { grant } from './grant.ts'
import { receipt } from './receipt.ts'
import { lifting, role, signingOut, suspension } from './suspension-and-role.ts'

/** All acts, by the last part of their address. */
const acts: Record<string, AdminAction> = {
  grant,
  cancellation,
  suspension,
  lifting,
  receipt,
  'sign-out': signingOut,
  role,
}

/** The act of this name. Throws AppError `not-found`. */
export function actionNamed(name: string): AdminAction {
  const act = Object.hasOwn(acts, name) ? acts[name] : undefined
  if (!act) throw new AppError('not-found', 'There is nothing at this address.')
  return act
}

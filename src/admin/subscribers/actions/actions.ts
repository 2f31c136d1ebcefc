import { AppError } from '../../../platform/errors.ts'
import type { AdminAction } from './action.ts'
import { cancellation } from './cancellation.ts'
import { email } from './email.ts'
import { grant } from './grant.ts'
import { confirmation, resetLink } from './links.ts'
import { receipt } from './receipt.ts'
import { lifting, role, signingOut, suspension } from './suspension-and-role.ts'

/** All actions, by the last part of their address. */
const actions: Record<string, AdminAction> = {
  grant,
  cancellation,
  suspension,
  lifting,
  receipt,
  'sign-out': signingOut,
  role,
  confirmation,
  'reset-link': resetLink,
  email,
}

/** The action of this name. Throws AppError `not-found`. */
export function actionNamed(name: string): AdminAction {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (!action) throw new AppError('not-found', 'There is nothing at this address.')
  return action
}

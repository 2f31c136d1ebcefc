import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { tryPassword } from '../login-throttle/login-throttle.ts'
import { isConfirmed } from '../sessions/queries.ts'
import type { SignedIn } from '../sessions/sessions.ts'
import { authenticate } from '../users/users.ts'
import { useCode } from './second-factor.ts'

/** The two fields that the part `admin/_identity` shows while the session is not fresh. */
export const identityFields = ['your_password', 'your_code'] as const

/**
 * Makes sure the administrator is at the keyboard before an action about money or roles: password and code in the last ten
 * minutes of this session, or in the form that asks for the action. Throws AppError `invalid` about those two fields.
 */
export async function confirmIdentity(
  services: Services,
  session: SignedIn,
  typed: Record<(typeof identityFields)[number], string>,
): Promise<void> {
  if (session.isFresh) return
  const refuse = async (fields: Record<string, string>) => {
    // The first half of a double click may have used the code, and made the session fresh.
    if (await isConfirmed(services.sql, session.handle)) return
    services.log.warn(
      { event: 'identity refused', userId: session.user.id, why: Object.keys(fields) },
      'identity refused',
    )
    throw new AppError('invalid', 'Nothing was done yet. Please confirm that it is you.', { fields })
  }
  const { your_password: password, your_code: code } = typed
  const { username } = session.user
  try {
    const check = () => authenticate(services.sql, username, password)
    const isRight = await tryPassword(services, { account: username, ...session.attempt }, check)
    if (!isRight) return refuse({ your_password: 'Incorrect password. Please try again.' })
  } catch (error) {
    if (error instanceof AppError && error.code === 'busy') return refuse({ your_password: error.message })
    throw error
  }
  try {
    await useCode(services.sql, services.config.totpKeys, session.user.id, code, session.handle)
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'conflict') throw error
    return refuse({ your_code: error.fields.code ?? error.message })
  }
}

import { type Sql, violates } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { hashPassword } from '../passwords/passwords.ts'
import { emailProblem, type Person, type PersonForm, passwordProblem, readPerson } from '../users/field-checks.ts'
import type { User } from '../users/queries.ts'
import { consentVersion } from './consent.ts'
import { insertUser } from './queries.ts'

/** What the form sends, as typed. */
export type RegistrationForm = PersonForm & { username: string; email: string; password: string }

/** The same, checked and in the shape it is stored in. */
export type Registration = Person & { username: string; email: string; password: string }

const usernamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$/

/** Opens a pending account. Throws AppError `invalid` with a sentence per field: wrong ones, and names already taken. */
export async function register(sql: Sql, form: RegistrationForm, already: Record<string, string> = {}): Promise<User> {
  const { password, ...person } = checkRegistration(form, already)
  const passwordHash = await hashPassword(password)
  try {
    return await insertUser(sql, { ...person, passwordHash, consentedTo: consentVersion })
  } catch (error) {
    throw takenName(error) ?? error
  }
}

/**
 * Checks every field and throws one AppError `invalid` with a sentence for each that is wrong, together with the `already`
 * known problems of the same form (its plan, say).
 */
export function checkRegistration(form: RegistrationForm, already: Record<string, string> = {}): Registration {
  const username = form.username.trim()
  const email = form.email.trim()
  const { person, problems } = readPerson(form)
  const fields: Record<string, string> = { ...already, ...problems }

  if (!usernamePattern.test(username))
    fields.username = 'Choose 3 to 32 letters, digits, dots, dashes or underscores, starting with a letter or digit.'
  const wrongEmail = emailProblem(email)
  if (wrongEmail) fields.email = `${wrongEmail} Your receipts go there.`
  const weakness = passwordProblem(form.password, [form.username, email, form.name])
  if (weakness) fields.password = weakness

  if (Object.keys(fields).length > 0) throw new AppError('invalid', 'Please look at the marked fields.', { fields })
  return { ...person, username, email, password: form.password }
}

function takenName(error: unknown): AppError | undefined {
  const taken = (field: string, sentence: string) =>
    new AppError('invalid', 'Please look at the marked fields.', { fields: { [field]: sentence } })
  if (violates(error, 'one_account_per_username'))
    return taken('username', 'This username is taken. Please choose another one, or log in if it is yours.')
  if (violates(error, 'one_account_per_email'))
    return taken('email', 'An account with this e-mail exists already. Please log in instead.')
  return undefined
}

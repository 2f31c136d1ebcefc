import type { Sql } from '../../platform/db.ts'
import { highlighted } from '../../platform/errors.ts'
import { hashPassword } from '../passwords/passwords.ts'
import {
  emailProblem,
  type Person,
  type PersonForm,
  passwordProblem,
  readPerson,
  takenUsername,
  usernameProblem,
} from '../users/field-checks.ts'
import { findState } from '../users/indian-states.ts'
import { isTaken, type User } from '../users/queries.ts'
import { consentVersion } from './consent.ts'
import { insertUser } from './queries.ts'
import { usernameWish } from './username-wish.ts'

/** What the form sends, as typed. Without a username one is made; without a state the checkout asks for it. */
export type RegistrationForm = PersonForm & { username?: string; email: string; password: string }

/** Fields that the form does not ask for any more, and that are checked and used where they are sent. */
export const optionalFields = ['username', 'state'] as const

/** What was typed, as a refused form shows it: the state as the one that is chosen. */
export function shownRegistration<Form extends { state?: string }>(form: Form): Form {
  return form.state === undefined ? form : { ...form, state: findState(form.state)?.code ?? form.state }
}

/** The same, checked and in the shape it is stored in. */
export type Registration = Person & { username: string | null; email: string; password: string }

/**
 * Opens a pending account. Throws AppError `invalid` with a sentence per field: wrong ones, and names already taken; whoever has
 * an account with this e-mail is led to log in by its `act`.
 */
export async function register(sql: Sql, form: RegistrationForm, already: Record<string, string> = {}): Promise<User> {
  const { password, username, ...person } = checkRegistration(form, already)
  const passwordHash = await hashPassword(password)
  const named = username === null ? { username, wish: usernameWish(person.email, person.name) } : { username }
  try {
    return await insertUser(sql, { ...person, ...named, passwordHash, consentedTo: consentVersion })
  } catch (error) {
    if (isTaken(error, 'username')) throw highlighted({ username: takenUsername })
    if (isTaken(error, 'email'))
      throw highlighted(
        { email: 'An account with this e-mail already exists. Please log in instead.' },
        { href: '/login', label: 'Log in with this e-mail instead' },
      )
    throw error
  }
}

/**
 * Checks every field and throws one AppError `invalid` with a sentence for each that is wrong, together with the `already`
 * known problems of the same form (its plan, say).
 */
export function checkRegistration(form: RegistrationForm, already: Record<string, string> = {}): Registration {
  const username = form.username?.trim()
  const email = form.email.trim()
  const { person, problems } = readPerson(form)
  const fields: Record<string, string> = { ...already, ...problems }

  const wrongUsername = username === undefined ? undefined : usernameProblem(username)
  if (wrongUsername) fields.username = wrongUsername
  const wrongEmail = emailProblem(email)
  if (wrongEmail) fields.email = `${wrongEmail} Your receipts go there.`
  const weakness = passwordProblem(form.password, [username ?? usernameWish(email, form.name), email, form.name])
  if (weakness) fields.password = weakness

  if (Object.keys(fields).length > 0) throw highlighted(fields)
  return { ...person, username: username ?? null, email, password: form.password }
}

import { highlighted } from '../../platform/errors.ts'
import { isCommonPassword } from '../passwords/common-passwords.ts'
import { findState } from './indian-states.ts'
import { indianMobile } from './phones.ts'

/** Who somebody is, as typed. A form that does not ask for the state leaves it out. */
export type PersonForm = { name: string; phone: string; state?: string }

/** The same, checked and in the shape it is stored in; `stateCode` null where the form did not ask. */
export type Person = { name: string; phone: string; stateCode: string | null }

const username = /^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$/

/**
 * What the edge leaves of Unicode's "other" characters, but for the joiners that Indian scripts are spelt with: unassigned and
 * private ones, which no font can draw.
 */
export const unprintable = /[^\P{C}\u200c\u200d]/u
// One address as RFC 5321 (4.1.2) writes a mailbox, without its quoted form, comments and lists: words of the signs it
// allows, with single dots between them, at a host name. SMTP and Cashfree (3 to 100 characters) must accept it.
const word = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const email = new RegExp(
  `^(?=[^@]{1,64}@)${word}(?:\\.${word})*@(?:${label}\\.)+(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{1,59})$`,
)

/** Who somebody is, checked and in the shape it is stored in. `problems` holds a sentence per field; `person` counts only without. */
export function readPerson(form: PersonForm): { person: Person; problems: Record<string, string> } {
  const name = writtenName(form.name)
  const phone = indianMobile(form.phone)
  const problems: Record<string, string> = {}
  const wrongName = nameProblem(name)
  if (wrongName) problems.name = wrongName
  if (!phone) problems.phone = 'Please enter a 10-digit Indian mobile number, like 98765 00001.'
  const state = form.state === undefined ? undefined : findState(form.state)
  if (form.state !== undefined && !state) problems.state = missingState
  return { person: { name, phone: phone!, stateCode: state?.code ?? null }, problems }
}

/** The two-digit GST code of the state that was typed or chosen. Throws AppError `invalid` where there is no such state. */
export function checkState(typed: string): string {
  const state = findState(typed)
  if (!state) throw highlighted({ state: missingState })
  return state.code
}

const missingState = 'Please choose your state; it is required on your receipt.'

/** What is wrong with this username, as a sentence; undefined when nothing is. */
export function usernameProblem(typed: string): string | undefined {
  if (username.test(typed)) return undefined
  return 'Choose 3 to 32 letters, digits, dots, dashes or underscores, starting with a letter or digit.'
}

export const takenUsername = 'This username is taken. Please choose another one, or log in if it is yours.'

/** A name as it is stored: on one line, however it was typed. */
export function writtenName(typed: string): string {
  return typed.normalize('NFC').replace(/\s+/g, ' ').trim()
}

/** What is wrong with this written name, as a sentence; undefined when nothing is. `missing` is the sentence for none. */
export function nameProblem(name: string, missing = 'Please tell us your name.'): string | undefined {
  if (!/[\p{L}\p{N}]/u.test(name)) return missing
  if (unprintable.test(name) || /[<>]/.test(name)) return 'Please use letters, spaces and ordinary punctuation only.'
  return name.length > 100 ? 'Please shorten the name to 100 characters.' : undefined
}

/** What is wrong with this e-mail address, as a sentence; undefined when nothing is. */
export function emailProblem(mail: string): string | undefined {
  if (mail.length <= 100 && email.test(mail)) return undefined
  return 'Please enter one e-mail address, like name@example.in.'
}

/**
 * What is wrong with this password, as a sentence; undefined when nothing is. Length counts, not the mix of characters.
 * `own` is what everybody knows of the person: username, address and name, which does neither whole nor in parts.
 */
export function passwordProblem(password: string, own: string[]): string | undefined {
  if (password.length < 8) return 'Please use at least 8 characters. A few words in a row make a good password.'
  if (password.length > 256 || Buffer.byteLength(password) > 1024) return 'Please use at most 256 characters.'
  const known = own.flatMap((text) => [plain(text), ...text.trim().split(/\s+/).map(plain)])
  if (known.includes(plain(password)) || isCommonPassword(password))
    return 'This password is too easy to guess. Please choose another one.'
  return undefined
}

/** A text as somebody guessing would type it: small letters without spaces. */
function plain(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/g, '')
}

import { AppError } from '../platform/errors.ts'
import { isCommonPassword } from './common-passwords.ts'
import { indianMobile } from './phones.ts'
import { findState } from './states.ts'

/** What the form sends, as typed. */
export type RegistrationForm = {
  name: string
  username: string
  email: string
  phone: string
  state: string
  password: string
}

/** The same, checked and in the shape it is stored in. */
export type Registration = {
  name: string
  username: string
  email: string
  phone: string
  stateCode: string
  password: string
}

// Control and formatting characters, except the two joiners that several Indian scripts are spelt with.
const invisible = /[^\P{C}\u200c\u200d]/u
const username = /^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$/
// Deliberately narrow: one address, no quotes, no comments, no list. It is handed to SMTP and to Cashfree (3 to 100).
const email =
  /^[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_%+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}$/

/**
 * Checks every field and throws one AppError `invalid` with a sentence for each that needs another look, together with
 * the `already` known problems of the same form (its plan, say).
 */
export function checkRegistration(form: RegistrationForm, already: Record<string, string> = {}): Registration {
  const name = form.name.normalize('NFC').replace(/\s+/g, ' ').trim()
  const mail = form.email.trim()
  const phone = indianMobile(form.phone)
  const state = findState(form.state)
  const fields: Record<string, string> = { ...already }

  if (name === '') fields.name = 'Please tell us your name.'
  else if (invisible.test(name) || /[<>]/.test(name))
    fields.name = 'Please use letters, spaces and ordinary punctuation only.'
  else if (name.length > 100) fields.name = 'Please shorten the name to 100 characters.'
  if (!username.test(form.username.trim()))
    fields.username = 'Choose 3 to 32 letters, digits, dots, dashes or underscores, starting with a letter or digit.'
  if (mail.length > 100 || mail.includes('..') || !email.test(mail))
    fields.email = 'Please enter one e-mail address, like name@example.in. Your receipts go there.'
  if (!phone) fields.phone = 'Please enter a 10-digit Indian mobile number, like 98765 00001.'
  if (!state) fields.state = 'Please choose your state; it is printed on your receipt.'
  const weakness = passwordProblem(form.password, [form.username, mail])
  if (weakness) fields.password = weakness

  if (Object.keys(fields).length > 0) throw new AppError('invalid', 'Please look at the marked fields.', { fields })
  return {
    name,
    username: form.username.trim(),
    email: mail,
    phone: phone!,
    stateCode: state!.code,
    password: form.password,
  }
}

/** Why this password will not do, or undefined. Length counts, not the mix of characters; it is kept exactly as typed. */
export function passwordProblem(password: string, own: string[]): string | undefined {
  if (password.length < 8) return 'Please use at least 8 characters. A few words in a row make a good password.'
  if (password.length > 256 || Buffer.byteLength(password) > 1024) return 'Please use at most 256 characters.'
  const known = own.map((text) => text.trim().toLowerCase()).filter(Boolean)
  if (known.includes(password.toLowerCase()) || isCommonPassword(password))
    return 'This password is too easy to guess. Please choose another one.'
  return undefined
}

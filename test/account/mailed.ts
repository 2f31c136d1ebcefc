import type { TestApp } from '../support/app.ts'
import type { Visitor } from '../support/visitor.ts'

/** Delivers what is due and answers the mails to this address with these words in their subject, newest last. */
export async function mailsTo(app: TestApp, email: string, subject: RegExp) {
  await app.run('deliver-mails')
  const mails = await app.mailbox.list()
  return mails
    .filter((mail) => mail.recipients.includes(email) && subject.test(mail.subject))
    .sort((one, other) => one.receivedAt.localeCompare(other.receivedAt))
}

export const subjects = {
  verify: /^Please confirm your e-mail address$/,
  change: /^Your new e-mail address: please confirm$/,
  reset: /^Choose a new password$/,
  passwordChanged: /^Your password was changed$/,
  emailAsked: /^Someone asked to change your e-mail address$/,
  emailChanged: /^Your e-mail address was changed$/,
}

/** The link in the newest of these mails, without the origin. */
export async function linkTo(app: TestApp, email: string, subject: RegExp): Promise<string> {
  const newest = (await mailsTo(app, email, subject)).at(-1)
  const link = /http\S+\?token=[\w-]+/.exec(newest?.text ?? '')?.[0]
  if (!link?.startsWith(app.config.baseUrl)) throw new Error(`no link of ours in a mail to ${email}`)
  return link.slice(app.config.baseUrl.length)
}

/** Confirms an address without its mail, for tests about what a confirmed one may do. */
export async function confirmAddress(app: TestApp, email: string): Promise<void> {
  await app.sql`update users set email_verified_at = now() where email = ${email}`
}

/** Opens a link from a mail, as a browser does: the secret goes into the cookie, the address is clean afterwards. */
export async function open(visitor: Visitor, link: string) {
  const sent = await visitor.get(link, { 'sec-fetch-site': 'cross-site' })
  if (sent.status !== 303) throw new Error(`the link answered ${sent.status}`)
  return visitor.get(sent.location!)
}

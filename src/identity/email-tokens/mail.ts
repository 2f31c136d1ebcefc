import type { Config } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import { networkOf } from '../../platform/networks.ts'
import { hashOfSecret, newSecret } from './email-tokens.ts'
import { activateToken, findRequestedToken, findSecurityChange } from './queries.ts'

type About = { subjectKey: string; toName: string; toEmail: string; copy: number; attempts: number }

const mails = {
  'verify-email': { template: 'verify-email', door: 'verify-email' },
  'change-email': { template: 'change-email', door: 'verify-email' },
  'reset-password': { template: 'reset-password', door: 'reset-password' },
} as const

/**
 * The mail with a link. Its secret is made here, when the mail is about to be sent, and kept only as a hash; the time the
 * link works for starts now. For a preview no secret is made. Null: a newer link was asked for, or nobody wants it now.
 */
export async function composeTokenMail(sql: Sql, config: Config, mail: About, { preview = false } = {}) {
  const secret = preview ? null : newSecret()
  const link = secret
    ? await activateToken(sql, mail.subjectKey, hashOfSecret(secret))
    : await findRequestedToken(sql, mail.subjectKey)
  if (!link) return null
  const { template, door } = mails[link.purpose]
  return {
    template,
    // Sent again it is another mail: the secret in the one before opens nothing now.
    messageKey: `${link.purpose}.${mail.subjectKey}.${mail.copy}.${mail.attempts}`,
    data: {
      account: { name: mail.toName },
      email: mail.toEmail,
      link: `${config.baseUrl}/${door}?token=${secret ?? '(hidden)'}`,
      seller: config.seller,
    },
  }
}

/** "Your password was changed": when, from which network, and what to do if it was somebody else. */
export async function composePasswordChangedMail(sql: Sql, config: Config, mail: About) {
  return { template: 'password-changed', data: await noticeOf(sql, config, mail) }
}

/** "Your authenticator app was changed", or the recovery codes were: when, from where, and what to do if it was not you. */
export async function composeAuthenticatorChangedMail(sql: Sql, config: Config, mail: About) {
  return { template: 'authenticator-changed', data: await noticeOf(sql, config, mail) }
}

/** To the address an account has, or had until now: another one was asked for, or is the account's from now on. */
export async function composeEmailChangedMail(sql: Sql, config: Config, mail: About) {
  return { template: 'email-changed', data: await noticeOf(sql, config, mail) }
}

/** The last mail to an account that is deleted: when, from which network, and whom to ask if it was somebody else. */
export async function composeAccountDeletedMail(sql: Sql, config: Config, mail: About) {
  return { template: 'account-deleted', data: await noticeOf(sql, config, mail) }
}

async function noticeOf(sql: Sql, config: Config, mail: About) {
  const act = await findSecurityChange(sql, mail.subjectKey)
  if (!act) throw new Error('a notice without the act it tells of')
  return {
    account: { name: mail.toName },
    act: { ...act, network: networkOf(act.address) },
    forgotUrl: `${config.baseUrl}/forgot-password`,
    securityUrl: `${config.baseUrl}/account/security`,
    seller: config.seller,
  }
}

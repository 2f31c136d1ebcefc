import { networkOf } from '../../platform/networks.ts'
import type { Services } from '../../platform/services.ts'
import type { Mail } from '../../records/mails/queries.ts'
import type { Composed, Composer, MailKind } from '../../records/mails/registry.ts'
import { hashOfSecret, newSecret } from './email-tokens.ts'
import { activateToken, findRequestedToken, findSecurityChange } from './queries.ts'

/** The mails with a link that an account asked for, and the notices that something of its security was changed. */
export function identityMails(services: Services) {
  const token: Composer = (mail, how) => composeToken(services, mail, how)
  const notice: Composer = (mail) => composeNotice(services, mail)
  return {
    'verify-email': token,
    'change-email': token,
    'reset-password': token,
    'log-in': token,
    'account-deleted': notice,
    'authenticator-changed': notice,
    'email-changed': notice,
    'password-changed': notice,
  } satisfies Partial<Record<MailKind, Composer>>
}

/** Where the link of each purpose leads. */
const pages = {
  'verify-email': 'verify-email',
  'change-email': 'verify-email',
  'reset-password': 'reset-password',
  'log-in': 'login/link',
}

/**
 * The mail with a link. Its secret is made here, when the mail is about to be sent, and kept only as a hash; the time the
 * link works for starts now. For a preview no secret is made. Null: a newer link was asked for, or nobody wants it now.
 */
async function composeToken(
  { sql, config }: Services,
  mail: Mail,
  { preview } = { preview: false },
): Promise<Composed | null> {
  const secret = preview ? null : newSecret()
  const token = secret
    ? await activateToken(sql, mail.subjectKey, hashOfSecret(secret))
    : await findRequestedToken(sql, mail.subjectKey)
  if (!token) return null
  return {
    // Sent again it is another mail: the secret in the one before opens nothing now.
    messageKey: `${token.purpose}.${mail.subjectKey}.${mail.copy}.${mail.attempts}`,
    data: {
      account: { name: mail.toName },
      email: mail.toEmail,
      link: `${config.baseUrl}/${pages[token.purpose]}?token=${secret ?? '(hidden)'}`,
      seller: config.seller,
    },
  }
}

/** A notice: what was changed, when, from which network, and what to do if it was somebody else. */
async function composeNotice({ sql, config }: Services, mail: Mail): Promise<Composed> {
  const change = await findSecurityChange(sql, mail.subjectKey)
  if (!change) throw new Error('a notice without the audit row it is about')
  return {
    data: {
      account: { name: mail.toName },
      act: { ...change, network: networkOf(change.address) },
      forgotUrl: `${config.baseUrl}/forgot-password`,
      securityUrl: `${config.baseUrl}/account/security`,
      seller: config.seller,
    },
  }
}

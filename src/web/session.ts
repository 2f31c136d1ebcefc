import secureSession from '@fastify/secure-session'
import fp from 'fastify-plugin'

declare module '@fastify/secure-session' {
  interface SessionData {
    /** Random id of a row in `sessions`, which says whose session it is and whether it is still valid. */
    sid: string
    /** An administrator's new recovery codes, until they confirm having saved them. */
    recoveryCodes: string
    /** The secret (base32) of a new authenticator app that an administrator is setting up, until its first code. */
    nextSecret: string
    /** An API key that was just made, until the page has shown it. */
    newApiKey: string
    /** One sentence for the next page. */
    notice: { kind: 'info' | 'good' | 'warn' | 'bad'; text: string }
    /** What the next log-in form begins with: the e-mail of a refused log-in, or of a registration that finds an account with it. */
    login: string
    /** Tokens of links opened from a mail, by the page they lead to; ignored after `until` (ms since 1970). */
    links: Partial<Record<'verify-email' | 'reset-password', { secret: string; until: number }>>
  }
}

const days30 = 30 * 24 * 3600

/** The encrypted session cookie. `__Host-` and Secure where the site is https; Lax, because Cashfree's return is cross-site. */
export default fp<{ keys: Buffer[]; https: boolean }>(
  async (app, { keys, https }) => {
    await app.register(secureSession, {
      key: keys,
      cookieName: https ? '__Host-sid' : 'sid',
      expiry: days30,
      cookie: { path: '/', httpOnly: true, secure: https, sameSite: 'lax', maxAge: days30 },
    })
  },
  { name: 'session' },
)

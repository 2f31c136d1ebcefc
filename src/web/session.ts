import secureSession from '@fastify/secure-session'
import fp from 'fastify-plugin'

declare module '@fastify/secure-session' {
  interface SessionData {
    /** Random id of a row in `sessions`; the cookie says who claims, the row says whether it is so. */
    sid: string
    /** An administrator's new recovery codes, until they say that they kept them. */
    recoveryCodes: string
    /** The secret (base32) of another authenticator app that an administrator sets up, until its first code. */
    nextSecret: string
    /** One sentence for the next page. */
    notice: { kind: 'info' | 'good' | 'warn' | 'bad'; text: string }
    /** Secrets of links that were opened from a mail, by the page they lead to; forgotten at `until` (ms since 1970). */
    links: Partial<Record<'verify-email' | 'reset-password', { secret: string; until: number }>>
  }
}

const days30 = 30 * 24 * 3600

/** The sealed cookie. `__Host-` and Secure wherever the site is https; Lax, because Cashfree's return is cross-site. */
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

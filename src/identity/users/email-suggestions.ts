import spelling from '@zootools/email-spell-checker'

// Where most Indian subscribers have their mailbox, and real hosts that are spelt almost like these.
const domains = (
  'gmail.com googlemail.com yahoo.com yahoo.co.in yahoo.in ymail.com rocketmail.com outlook.com outlook.in hotmail.com ' +
  'live.com live.in msn.com rediffmail.com rediff.com icloud.com me.com mac.com proton.me protonmail.com zoho.com zoho.in ' +
  'zohomail.in aol.com mail.com email.com gmx.com gmx.net gmx.de fastmail.com yahoo.co.uk hotmail.co.uk live.co.uk'
).split(' ')

/**
 * The address that somebody probably meant whose mail host looks mistyped ("asha@gmial.com"), or null. A guess to be
 * offered, never to be taken: "asha@gmial.com" may exist.
 */
export function suggestedEmail(email: string): string | null {
  const at = email.lastIndexOf('@')
  const [name, host] = [email.slice(0, at), email.slice(at + 1).toLowerCase()]
  if (at < 1 || domains.includes(host)) return null
  // Gmail has one ending; ".in" and ".co.in" are written for it all the time and are too far off for the library.
  const meant = /^gmail\.[a-z.]+$/.test(host) ? 'gmail.com' : spelling.run({ email: `name@${host}`, ...known })?.domain
  return meant && meant !== host ? `${name}@${meant}` : null
}

/** Whole hosts only: the library's lists of parts would "correct" any company's own. */
const known = { domains, secondLevelDomains: [], topLevelDomains: [] }

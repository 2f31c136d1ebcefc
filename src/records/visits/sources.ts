/** Sources besides the names of sites and campaigns: nobody sent the visitor, nothing usable is known, a link on this site did. */
export const direct = 'direct'
export const other = 'other'
const thisSite = 'this-site'

/** Whether a source is the name of a site or a campaign, and not one of these words. */
export function isNamedSource(source: string): boolean {
  return source !== direct && source !== thisSite && source !== other
}

const longest = 40

/**
 * Where a visitor came from, as one short word: the campaign in the address (`from`, which links of this site carry on, else
 * `utm_source`), else the host that the browser names as referrer. Whatever might be about a person, such as an e-mail address
 * or a mobile number, is 'other'.
 */
export function sourceOf(
  query: { from?: unknown; utm_source?: unknown },
  referrer: string | undefined,
  ownHost: string,
): string {
  const named = wordIn(query.from) || wordIn(query.utm_source)
  if (named) return cleanSource(named)
  if (!referrer) return direct
  const host = URL.canParse(referrer) ? new URL(referrer).hostname : ''
  return host === ownHost ? thisSite : cleanSource(host.replace(/^www\./, ''))
}

/** A source as it may be counted; 'other' for what is none. */
export function cleanSource(text: string): string {
  const word = text.trim().toLowerCase()
  const isWord = word.length <= longest && /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(word)
  // Six digits in a row may be a number of somebody's, and digits alone are an address of a network.
  return isWord && !/\d{6}/.test(word) && /[a-z]/.test(word) ? word : other
}

function wordIn(value: unknown): string {
  const [first] = [value].flat()
  return typeof first === 'string' ? first : ''
}

/** Programs that say so in their User-Agent, and whoever says nothing there. Those that pass for a browser are counted. */
const programs =
  /bot\b|bot[/;_ -]|crawl|spider|slurp|preview|scan|monitor|uptime|headless|lighthouse|pagespeed|facebookexternalhit|whatsapp|feed|fetch|curl|wget|python|java\/|go-http|axios|undici|okhttp|libwww|^node/i

/** Whether a request is a program's, by its User-Agent. */
export function isProgram(userAgent: string | undefined): boolean {
  return !userAgent?.startsWith('Mozilla/') || programs.test(userAgent)
}

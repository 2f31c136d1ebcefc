import { type Day, dayIn } from '../calendar/days.ts'

const udiff = 'https://nsearchives.nseindia.com/content/cm/BhavCopy_NSE_CM_0_0_0_{YYYY}{MM}{DD}_F_0000.csv.zip'
const legacy = 'https://nsearchives.nseindia.com/content/historical/EQUITIES/{YYYY}/{MON}/cm{DD}{MON}{YYYY}bhav.csv.zip'

/** NSE's first day with UDiFF as its only bhavcopy; earlier ones were added to it back to January 2024. */
const udiffSince = '2024-07-08'

/** The addresses of a day's file, to be tried in turn: of these patterns, or of NSE's archive when there are none. */
export function addressesOf(patterns: readonly string[], day: Day): string[] {
  const nse = day < udiffSince ? [legacy, udiff] : [udiff]
  return (patterns.length > 0 ? patterns : nse).map((pattern) => addressOn(pattern, day))
}

/** A pattern with its tokens replaced, for 8 Jul 2024: {YYYY} 2024, {YY} 24, {MM} 07, {MON} JUL, {Mon} Jul, {DD} 08. */
function addressOn(pattern: string, day: Day): string {
  const [year = '', month = '', date = ''] = day.split('-')
  const name = new Date(day).toLocaleDateString('en-US', { month: 'short', timeZone: 'UTC' })
  const tokens: Record<string, string> = {
    YYYY: year,
    YY: year.slice(2),
    MM: month,
    MON: name.toUpperCase(),
    Mon: name,
    DD: date,
  }
  return pattern.replace(/\{(\w+)\}/g, (token, word: string) => tokens[word] ?? token)
}

/** The trading day that the name of an exchange's file tells (20261127, 27NOV2026, 27112026); null where it tells none. */
export function dayInName(name: string): Day | null {
  const [iso = ''] = /(?<!\d)20\d\d-?\d\d-?\d\d(?!\d)/.exec(name) ?? []
  const [, ...named] = /(?<!\d)(\d\d)([a-z]{3})(20\d\d)(?!\d)/i.exec(name) ?? []
  const [, ...indian] = /(?<!\d)(\d\d)(\d\d)(20\d\d)(?!\d)/.exec(name) ?? []
  return dayIn(iso) ?? dayIn(named.join('-')) ?? dayIn(indian.reverse().join('-'))
}

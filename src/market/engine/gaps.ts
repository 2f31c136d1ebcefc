import type { Analysis, SectorRank } from './analysis.ts'
import { type Blanks, figureNames } from './blanks.ts'

/** Sectors of which the same is to be said. */
export type Group<One> = { reason: string; members: One[] }

const titles: Record<keyof Blanks, string> = {
  score: 'Rank and RS score',
  map: 'Quadrant, RS-Ratio and RS-Momentum',
  mansfield: 'Mansfield',
  '1W': '1W',
  '1M': '1M',
  '3M': '3M',
  '6M': '6M',
  '1Y': '1Y',
  high: 'From high',
}

/** Every dash of a sector with its reason, a sentence each: "1Y, From high: prices begin on 3 Mar 2026: less than a year". */
export function reasonsOf({ blanks }: Pick<SectorRank, 'blanks'>): string[] {
  const missing = figureNames.filter((name) => blanks[name] !== undefined)
  const byReason = Map.groupBy(missing, (name) => blanks[name]!)
  if (isSilent({ blanks })) return [...byReason.keys()]
  return [...byReason].map(
    ([reason, names]) => `${names.map((name) => titles[name]).join(', ')}: ${inSentence(reason)}`,
  )
}

/** Whether nothing is shown of a sector, all for one reason. */
export function isSilent({ blanks }: Pick<SectorRank, 'blanks'>): boolean {
  return blanks.score !== undefined && figureNames.every((name) => blanks[name] === blanks.score)
}

/** "last close used for 1 missing week"; '' where no bar was missing. */
export function describeCarried({ carried }: Pick<SectorRank, 'carried'>, step: Analysis['step']): string {
  if (carried === 0) return ''
  const unit = step === 'day' ? 'session' : step
  return `last close used for ${carried} missing ${unit}${carried === 1 ? '' : 's'}`
}

/** All that a reader of one sector's numbers should know besides them, a sentence each. */
export function notesOf(one: SectorRank, step: Analysis['step']): string[] {
  const carried = describeCarried(one, step)
  return [
    ...(one.provisional === null ? [] : [`Provisional: ${inSentence(one.provisional)}`]),
    ...(carried === '' ? [] : [capital(carried)]),
    ...reasonsOf(one),
  ]
}

/** Sectors of which the same is said, together; those of '' are left out. */
export function grouped<One>(members: readonly One[], reasonOf: (one: One) => string): Group<One>[] {
  const groups = Map.groupBy(members, reasonOf)
  return [...groups].filter(([reason]) => reason !== '').map(([reason, members]) => ({ reason, members }))
}

/** Why "of 13" is not of 16, in one sentence for mails; '' where all have a rank. */
export function describeUnranked({ unranked }: Pick<Analysis, 'unranked'>): string {
  if (unranked.length === 0) return ''
  const parts = grouped(unranked, ({ reason }) => reason).map(
    ({ reason, members }) => `${members.map(({ name }) => name).join(', ')} (${inSentence(reason)})`,
  )
  return `Without a rank: ${parts.join('; ')}.`
}

/** A reason within a sentence: its first letter is small. */
export function inSentence(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

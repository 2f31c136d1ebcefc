import type { Jump, Source } from './jump-queries.ts'

/** The file that accounts for a known split otherwise than it is taken for: it does already, or it does not. */
export type Suspect = { source: Source; accountsFor: boolean }

/**
 * Which of the two files of a jump may be taken for the wrong thing, where a known split is accounted for twice or not at all; null:
 * no split is known, or both are as they were traded, so that the split itself is in doubt.
 */
export function suspectOf({ split, factor, before, after }: Jump): Suspect | null {
  if (!split) return null
  // The earlier price is too high when the split is missing from it, or was taken from the later one once too often.
  const isHigh = factor > 1 === split.ratio > 1
  const applied = (source: Source) => source.asOf !== null && source.asOf < split.day
  if (before.basis === 'restated' && applied(before) !== isHigh) return { source: before, accountsFor: !isHigh }
  if (after.basis === 'restated' && applied(after) === isHigh) return { source: after, accountsFor: isHigh }
  return null
}

/** What is in doubt about a jump besides its size, in sentences; `dayText` and `ratioText` write days and ratios. Null: nothing. */
export function doubtAbout(
  jump: Jump,
  { dayText, ratioText }: { dayText: (day: string) => string; ratioText: (ratio: number) => string },
): string | null {
  const { split, before, after } = jump
  if (!split) {
    if (before.basis === after.basis && before.asOf === after.asOf) return null
    const restated = before.basis === 'restated' ? before : after
    return `Prices that ${restated.file} has restated meet others here: it may account for a split that is not known yet, or for less than it is taken for.`
  }
  const known = `the split of ${ratioText(split.ratio)} on ${dayText(split.day)}`
  const suspect = suspectOf(jump)
  if (!suspect) return `The prices do not show ${known}, which is known: it is wrong, or one of the files is restated.`
  const { file, asOf } = suspect.source
  const taken = `${file} is taken as restated ${asOf === null ? 'for every split' : `up to ${dayText(asOf)}`}`
  return suspect.accountsFor
    ? `${taken}, so that ${known} is applied to its prices. They look as if they accounted for it already: it would be applied twice.`
    : `${taken}, so that ${known} is not applied to its prices. They look as they were traded: it would not be applied at all.`
}

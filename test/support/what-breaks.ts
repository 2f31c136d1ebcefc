/** A line of a database's catalogue (release-before.ts), and the comment on what it describes. */
export type CatalogueLine = { line: string; comment: string }

/**
 * What processes of the release before would run into, a sentence each. `before`: the lines of its own database, where `retired ` stands
 * before what was there for the release before that one alone. `present`: those of ours.
 */
export function whatBreaks(before: readonly string[], present: readonly CatalogueLine[]): string[] {
  return [...whatIsGone(before, present), ...whatIsStricter(before, present)]
}

function whatIsGone(before: readonly string[], present: readonly CatalogueLine[]): string[] {
  const lines = new Set(present.map(({ line }) => line))
  const columns = new Map(present.filter(isColumn).map(({ line }) => [subjectOf(line), line]))
  const excused = new Set(
    present.filter((one) => !isColumn(one) && isHarmless(one.comment)).map(({ line }) => subjectOf(line)),
  )
  return before.flatMap((line) => {
    if (lines.has(line) || line.startsWith('retired ')) return []
    if (/^(constraint|unique) /.test(line)) {
      const isKey = /^unique | (PRIMARY KEY|UNIQUE) /.test(line) && !excused.has(subjectOf(line))
      return isKey ? [`is gone, and “on conflict” may rely on it: ${line}`] : []
    }
    if (!line.startsWith('column ')) return [`is gone or has another shape: ${line}`]
    const now = columns.get(subjectOf(line))
    if (now === undefined) return [`is gone: ${line}`]
    if (typeOf(now) !== typeOf(line)) return [`has another type, ${typeOf(now)}: ${line}`]
    return strictness(now) > strictness(line) ? [`may no longer be empty or left out: ${line}`] : []
  })
}

function whatIsStricter(before: readonly string[], present: readonly CatalogueLine[]): string[] {
  const known = before.map((line) => line.replace(/^retired /, ''))
  const columns = new Set(known.filter((line) => line.startsWith('column ')).map(subjectOf))
  const tables = new Set([...columns].map((name) => name.split('.')[0]!))
  return present.flatMap(({ line, comment }) => {
    const isOfKnownTable = tables.has(subjectOf(line).split('.')[0]!)
    if (!isOfKnownTable || line.startsWith('function ') || isHarmless(comment) || known.includes(line)) return []
    if (line.startsWith('column '))
      return strictness(line) === 2 && !columns.has(subjectOf(line)) ? [`is new and must be given: ${line}`] : []
    return known.some((earlier) => allowsAll(line, earlier)) ? [] : [`is a new rule: ${line}`]
  })
}

/** What stands in the database for processes of the release before alone. */
export const isRetired = (comment: string) => /^for the release before/i.test(comment)
/** What looks as if it would break them, and does not. */
const isHarmless = (comment: string) => /^the release before/i.test(comment)

const isColumn = ({ line }: CatalogueLine) => line.startsWith('column ')

/** What a line is about: a function, a column of a table, or the table that has the rule. */
function subjectOf(line: string): string {
  return /^\w+ ([^ (]+)/.exec(line)![1]!
}

const typeOf = (column: string) => column.replace(/^column \S+ /, '').replace(/ (required|not null)$/, '')

/** 0: may be empty · 1: may be left out · 2: must be given. */
function strictness(column: string): number {
  return column.endsWith(' required') ? 2 : column.endsWith(' not null') ? 1 : 0
}

/** Whether a rule that lists values, `… = ANY (ARRAY['a'::text, …])`, lists all those of an earlier one. */
function allowsAll(rule: string, earlier: string): boolean {
  const [now, before] = [listed(rule), listed(earlier)]
  return now !== null && now.around === before?.around && before.values.isSubsetOf(now.values)
}

function listed(rule: string) {
  const [, head, values, tail] = /^(.*= ANY \(+)ARRAY\[([^\]]*)\](.*)$/.exec(rule) ?? []
  return values === undefined ? null : { around: `${head}…${tail}`, values: new Set(values.split(', ')) }
}

import type { Actor } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError } from '../../../platform/errors.ts'
import { dayIn } from '../../calendar/days.ts'
import { summariseNavs } from '../navs/queries.ts'
import { type Decision, insertDecision, listDecisions, listJumps } from './jump-queries.ts'
import { listJumpsLeft, summariseImport } from './preview-queries.ts'
import { commitImport, dropImport, type Import, startImport, undoImport } from './queries.ts'
import { listQuestions } from './question-queries.ts'
import { type GivenFile, readFiles } from './read-files.ts'

/**
 * Reads files into a held import: nothing of it counts until it is committed. Memory does not grow with
 * the files. Answers its id; the import lists which files could not be read, and what is wrong with the others, line by line.
 */
export async function readIntoImport(
  sql: Sql,
  files: readonly GivenFile[],
  by: { origin: Import['origin']; actor: string },
): Promise<number> {
  const { importId, read } = await beginImport(sql, files, by)
  await read
  return importId
}

/**
 * The same without waiting for the reading: answers at once, and `read` resolves when the import is held. One that cannot
 * be read to its end is dropped.
 */
export async function beginImport(
  sql: Sql,
  files: readonly GivenFile[],
  by: { origin: Import['origin']; actor: string },
): Promise<{ importId: number; read: Promise<void> }> {
  const importId = await startImport(sql, by)
  const read = readFiles(sql, importId, files).catch(async (error) => {
    await dropImport(sql, importId, { actor: by.actor, origin: null }).catch(() => {})
    throw error
  })
  return { importId, read }
}

/**
 * What committing an import would do: prices and NAVs per symbol compared with those that count, and the questions and jumps to be decided
 * first. A jump of prices about which a question is open waits for its answer, which may explain it.
 */
export async function previewImport(sql: Sql, importId: number) {
  const [symbols, navs, questions, jumps, decisions] = await Promise.all([
    summariseImport(sql, importId),
    summariseNavs(sql, importId),
    listQuestions(sql, importId),
    listJumps(sql, importId),
    listDecisions(sql, importId),
  ])
  const asked = new Set(questions.filter(({ answer }) => answer === null).map(({ symbol }) => symbol))
  return { symbols, navs, questions, jumps: jumps.filter(({ symbol }) => !asked.has(symbol)), decisions }
}

/** A split's ratio as a person types it: "10", "0.1", "10:1". Throws AppError `invalid` about the field `ratio`. */
export function parseRatio(text: string): number {
  const typed = /^(\d{1,6}(?:\.\d{1,6})?)(?:\s*(?::|for)\s*(\d{1,6}))?$/.exec(text.trim())
  const ratio = typed ? Number(typed[1]) / Number(typed[2] ?? 1) : Number.NaN
  if (ratio >= 0.0001 && ratio <= 10_000 && ratio !== 1) return ratio
  const sentence = 'New units for one old: 10 when one became ten, 0.1 when ten became one.'
  throw new AppError('invalid', 'The ratio cannot be that.', { fields: { ratio: sentence } })
}

/**
 * Decides one jump of a held import. Throws AppError `conflict` for a jump that is decided already, or gone, and for a split of
 * a day that has one.
 */
export async function decideJump(sql: Sql, importId: number, decision: Decision, by: Actor): Promise<void> {
  const { symbol, day } = decision
  const outcome = dayIn(day) === day ? await insertDecision(sql, importId, decision, by) : 'decided'
  if (outcome === 'done') return
  throw new AppError(
    'conflict',
    outcome === 'known'
      ? `A split of ${symbol} on ${day} is known already. If it is wrong, take it back first.`
      : `No jump of ${symbol} on ${day} waits any more: perhaps somebody decided it in the meantime.`,
  )
}

const changed = 'Something changed in the market in the meantime. Please reload the page, then decide.'
const refusals: Record<string, string> = {
  unknown: 'There is no such import.',
  'not-held': 'This import was dropped or undone, so it cannot be committed.',
  late: 'There are prices already, so no sample is needed.',
  changed,
  'has-problems': 'Some lines of these files could not be read. Correct them and import again: it is all or nothing.',
  empty: 'There is no price or NAV in this import.',
  undecided: 'Some jumps look like splits, or a question about a file is open. Answer each first.',
  'name-taken': 'A fund’s new symbol is another instrument’s here. Rename that one first.',
}

/**
 * Makes all of an import count, at one instant. Repeating it changes nothing. `version`: of the market that the preview was made
 * from, null when there was no preview. Throws AppError `conflict` with the reason where it may not.
 */
export async function commit(sql: Sql, importId: number, by: Actor, version: number | null = null): Promise<void> {
  const refusal = refusals[await commitImport(sql, importId, by, version)]
  if (refusal) throw new AppError('conflict', refusal)
}

/**
 * Undoes a committed import; what it replaced counts again. Repeating it changes nothing. `version`: of the market that was shown
 * with what undoing does; null when nobody saw that. Throws AppError `conflict`: also, where nobody saw it, when prices would be
 * left side by side that jump as no market does.
 */
export async function undo(sql: Sql, importId: number, by: Actor, version: number | null = null): Promise<void> {
  const outcome = await undoImport(sql, importId, by, version)
  if (outcome === 'changed') throw new AppError('conflict', changed)
  if (outcome === 'jumps') {
    const [one] = await listJumpsLeft(sql, importId)
    const jump = one
      ? `${one.symbol} from ${one.beforeClose} on ${one.beforeDay} to ${one.close} on ${one.day}`
      : 'prices'
    throw new AppError(
      'conflict',
      `Without import ${importId} this would be left unexplained: ${jump}. If it is a split, enter it first, in the panel under ` +
        'Market, Splits; or undo the import there, where all that is left is shown.',
    )
  }
  if (outcome !== 'undone') throw new AppError('conflict', 'Only a committed import of real prices can be undone.')
}

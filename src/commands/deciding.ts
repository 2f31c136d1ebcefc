import { correctBasis } from '../market/prices/imports/basis.ts'
import { doubtAbout, suspectOf } from '../market/prices/imports/doubts.ts'
import { decideJump, parseRatio, previewImport } from '../market/prices/imports/imports.ts'
import type { Jump } from '../market/prices/imports/jump-queries.ts'
import { listQuestions, type Question } from '../market/prices/imports/question-queries.ts'
import { answerAllBases, answerQuestion } from '../market/prices/imports/questions.ts'
import type { Sql } from '../platform/db.ts'
import { AppError } from '../platform/errors.ts'

/** What was decided on the command line, each as it was typed: see the command's usage. */
export type Decisions = Record<'basis' | 'same' | 'other' | 'split' | 'real', readonly string[]>

const by = { actor: 'command', origin: null }

/**
 * Answers what a held import asks and decides its jumps: questions first, since their answers explain jumps, then splits, which
 * may show that a file is taken for the wrong thing. Throws AppError for what is not asked.
 */
export async function decide(
  sql: Sql,
  importId: number,
  { basis, same, other, split, real }: Decisions,
): Promise<void> {
  for (const answer of basis) if (!answer.includes(':')) await answerAllBases(sql, importId, answer, by)
  for (const name of same) await answerName(sql, importId, name, 'same')
  for (const name of other) await answerName(sql, importId, name, 'other')
  for (const text of split) {
    const [symbol = '', day = '', ratio] = text.split(':')
    await decideJump(sql, importId, { symbol, day, ratio: parseRatio(ratio ?? '') }, by)
  }
  for (const text of basis) if (text.includes(':')) await decideBasis(sql, importId, text)
  for (const text of real) {
    const [symbol = '', day = ''] = text.split(':')
    await decideJump(sql, importId, { symbol, day, ratio: null }, by)
  }
}

async function answerName(sql: Sql, importId: number, text: string, answer: 'same' | 'other'): Promise<void> {
  const [symbol, seen] = text.split(':')
  const asked = (await listQuestions(sql, importId)).filter((one) => one.symbol === symbol && one.seen === seen)
  if (asked.length === 0) throw new AppError('conflict', `No question is open about ${text}.`)
  for (const one of asked) await answerQuestion(sql, importId, { ...one, answer }, by)
}

/** SYMBOL:traded, SYMBOL:restated or SYMBOL:restated:DAY, for what is asked about the symbol's file, or a file of it in doubt. */
async function decideBasis(sql: Sql, importId: number, text: string): Promise<void> {
  const [symbol = '', basis = '', until = ''] = text.split(':')
  const { questions, jumps } = await previewImport(sql, importId)
  const asked = questions.filter((one) => one.kind === 'basis' && one.symbol === symbol && one.answer === null)
  for (const one of asked) await answerQuestion(sql, importId, { ...one, answer: basis }, by)
  const doubted = jumps
    .filter((jump) => jump.symbol === symbol)
    .flatMap((jump) => suspectOf(jump)?.source ?? [jump.before, jump.after].filter((file) => file.basis === 'restated'))
  const files = new Map(
    doubted
      .filter((file) => file.importId === importId)
      .map((file) => [`${file.place} ${file.basis} ${file.asOf}`, file] as const),
  )
  if (asked.length + files.size === 0) throw new AppError('conflict', `No file with prices of ${symbol} is in doubt.`)
  for (const { place, ...taken } of files.values())
    await correctBasis(sql, importId, { place, symbol, taken, basis, until }, by)
}

/** A question as the command prints it, with what to type. */
export function questionLine({ kind, symbol, seen, prices, firstDay, lastDay }: Question): string {
  const about = `${prices} prices of ${symbol}, ${firstDay} to ${lastDay}`
  return kind === 'basis'
    ? `${seen}: ${about}. As they were traded, or restated for splits? --basis ${symbol}:traded or --basis ${symbol}:restated`
    : `${about}, come with the ${kind === 'isin' ? 'ISIN' : 'symbol'} ${seen}. The same fund? ` +
        `--same ${symbol}:${seen} or --other ${symbol}:${seen}`
}

/** A jump as the command prints it, with what is in doubt and what to type. */
export function jumpLine(jump: Jump): string {
  const { symbol, day, ratio, split } = jump
  const suspect = suspectOf(jump)
  const short = (value: number) => String(Number(value.toFixed(4)))
  const doubt = doubtAbout(jump, { dayText: (text) => text, ratioText: (value) => `${short(value)} for 1` })
  const answers = [
    ...(suspect ? [`--basis ${symbol}:${suspect.accountsFor ? `restated:${split!.day}` : 'traded'}`] : []),
    ...(ratio !== null && !split ? [`--split ${symbol}:${day}:${short(ratio)}`] : []),
    `--real ${symbol}:${day}`,
  ]
  const size = `${symbol} goes from ${jump.beforeClose} to ${jump.close} on ${day}`
  return `${size}: ${doubt ?? (ratio === null ? 'what is it?' : 'a split?')} ${answers.join(' or ')}`
}

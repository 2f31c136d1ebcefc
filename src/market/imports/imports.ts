import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import type { Format } from '../files/formats.ts'
import { type Found, type Problem, readPriceFile } from '../files/reading.ts'
import {
  commitImport,
  holdImport,
  insertRealJump,
  insertSplit,
  listFollowed,
  listJumps,
  type StagedPrice,
  stagePrices,
  startImport,
  summariseImport,
  undoImport,
} from './queries.ts'

/** A file as it was given: where it lies now, and what it was called. */
export type GivenFile = { path: string; name: string }

/** A file that was read: what it was, and how many prices it brought. */
export type FileRead = { name: string; bytes: number; sha256: string; formats: string[]; prices: number }

/** Files that were read together; see migration 0020. */
export type Import = {
  id: number
  status: 'reading' | 'held' | 'committed' | 'undone' | 'dropped'
  origin: 'upload' | 'command' | 'sample'
  createdBy: string
  files: FileRead[]
  /** The first hundred of `problemCount`. */
  problems: Problem[]
  problemCount: number
  createdAt: Date
  committedAt: Date | null
  undoneAt: Date | null
}

/** A day on which a price jumps as no market moves an ETF; `ratio` when it looks like a split of that many for one. */
export type Jump = {
  symbol: string
  name: string
  day: string
  beforeDay: string
  beforeClose: number
  close: number
  ratio: number | null
}

const batch = 1_000
const problemsKept = 100

/**
 * Reads files into a held import: nothing of it counts until it is committed. Prices are stored a thousand at a time, so
 * memory does not grow with the files. Answers its id; what is wrong with the files stands in it, line by line.
 */
export async function readIntoImport(
  sql: Sql,
  files: readonly GivenFile[],
  by: { origin: Import['origin']; actor: string },
): Promise<number> {
  const followed = new Set(await listFollowed(sql))
  const importId = await startImport(sql, by)
  const read: FileRead[] = []
  const problems: Problem[] = []
  let problemCount = 0
  const complain = (problem: Problem) => {
    problemCount++
    if (problems.length < problemsKept) problems.push(problem)
  }
  for (const [place, file] of files.entries()) {
    const seen: FileRead = {
      name: file.name,
      bytes: (await stat(file.path)).size,
      sha256: await digestOf(file.path),
      formats: [],
      prices: 0,
    }
    read.push(seen)
    const found = readPriceFile(file.path, file.name, (symbol) => followed.has(symbol))
    await stage(sql, { importId, place, files, complain, seen }, found)
  }
  await holdImport(sql, importId, { files: read, problems, problemCount })
  return importId
}

type Staging = {
  importId: number
  place: number
  files: readonly GivenFile[]
  complain: (problem: Problem) => void
  seen: FileRead
}

async function stage(
  sql: Sql,
  { importId, place, files, complain, seen }: Staging,
  found: AsyncIterable<Found>,
): Promise<void> {
  let format: Format | undefined
  let waiting: StagedPrice[] = []
  const store = async () => {
    for (const twice of await stagePrices(sql, importId, waiting)) {
      const first =
        twice.firstFile === twice.file
          ? `on line ${twice.firstLine}`
          : `in ${files[twice.firstFile]!.name}, line ${twice.firstLine}`
      const sentence = `${twice.symbol} has a price for ${twice.day} already, ${first}.`
      complain({ file: files[twice.file]!.name, line: twice.line, sentence })
    }
    waiting = []
  }
  for await (const one of found) {
    if (one.kind === 'problem') complain(one.problem)
    else if (one.kind === 'format') {
      format = one.format
      if (!seen.formats.includes(format.title)) seen.formats.push(format.title)
    } else {
      seen.prices++
      waiting.push({ ...one.price, basis: format!.basis, file: place })
      if (waiting.length >= batch) await store()
    }
  }
  if (waiting.length > 0) await store()
}

/** What committing an import would do: prices per symbol against what is known, and the jumps to be decided first. */
export async function previewImport(sql: Sql, importId: number) {
  const [symbols, jumps] = await Promise.all([summariseImport(sql, importId), listJumps(sql, importId)])
  return { symbols, jumps }
}

/**
 * Decides one jump of a held import: a split of `ratio` new units for one old, or (null) the market's own move. Throws
 * AppError `invalid` for a jump that is not waiting, or a ratio that is none.
 */
export async function decideJump(
  sql: Sql,
  importId: number,
  decision: { symbol: string; day: string; ratio: number | null; actor: string },
): Promise<void> {
  const jump = (await listJumps(sql, importId)).find(
    (one) => one.symbol === decision.symbol && one.day === decision.day,
  )
  if (!jump) throw new AppError('conflict', 'This jump was decided meanwhile.')
  if (decision.ratio === null) await insertRealJump(sql, decision)
  else if (decision.ratio > 0 && decision.ratio !== 1 && Number.isFinite(decision.ratio))
    await insertSplit(sql, { ...decision, ratio: decision.ratio, importId })
  else
    throw new AppError('invalid', 'The ratio must be a number like 10 or 0.1.', {
      fields: { ratio: 'A number like 10 or 0.1.' },
    })
}

const refusals: Record<string, string> = {
  unknown: 'There is no such import.',
  'not-held': 'This import was dropped or undone, so it cannot be committed.',
  'has-problems': 'Some lines of these files could not be read. Correct them and import again: it is all or nothing.',
  empty: 'There is no price in this import.',
  undecided: 'Some jumps look like splits. Say of each what it is first.',
}

/** Makes all of an import count, at one instant. Again is the same. Throws AppError `conflict` with the reason where it may not. */
export async function commit(sql: Sql, importId: number, actor: string): Promise<void> {
  const refusal = refusals[await commitImport(sql, importId, actor)]
  if (refusal) throw new AppError('conflict', refusal)
}

/** Takes a committed import back; what it replaced counts again. Again is the same. Throws AppError `conflict`. */
export async function undo(sql: Sql, importId: number, actor: string): Promise<void> {
  if ((await undoImport(sql, importId, actor)) !== 'undone')
    throw new AppError('conflict', 'Only a committed import of real prices can be undone.')
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

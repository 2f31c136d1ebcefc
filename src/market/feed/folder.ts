import type { Stats } from 'node:fs'
import { access, lstat, mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { insertIncident } from '../../records/incidents/queries.ts'
import type { Problem } from '../files/csv-files.ts'
import { readIntoImport } from '../prices/imports/imports.ts'
import { dropImport, findImport, type Import } from '../prices/imports/queries.ts'
import { digestOf } from '../prices/imports/read-files.ts'
import { dayInName } from './addresses.ts'
import { by, type Feed, type Outcome } from './feed.ts'
import { findImportOf, noteFileSettled, noteFiles, type SeenFile, settleImport } from './queries.ts'

/** What programs call a file that they are still writing; and our own subfolders. */
const leftAlone = /^(done|refused)$|^\.|\.(part|partial|tmp|temp|filepart|crdownload)$|~$/i
/** A file that cannot be read and changed within this time may still be arriving over a line that stalls. */
const settlesWithinMs = 10 * 60_000

/** The folder, or something in it, cannot be used. `message` is a sentence for the operator. */
class FolderError extends Error {
  override name = 'FolderError'
}

/** One file in the folder cannot be opened, perhaps for lack of permission. The others can. */
class FileError extends FolderError {}

/**
 * Imports every complete file in the folder by itself, the oldest trading day first as far as names tell, and moves it to done/,
 * or to refused/ with its reason in a text file beside it. Subfolders, links and unfinished files are left alone. Of what cannot
 * be used the first is answered as well; a file that cannot be opened holds up no other.
 */
export async function readFolder(
  feed: Feed,
  folder: string,
  until: number,
): Promise<{ found: Outcome[]; failure: FolderError | null }> {
  const found: Outcome[] = []
  let failure: FolderError | null = null
  try {
    const complete = await noteFiles(feed.sql, await filesIn(folder))
    for (const file of complete.toSorted((a, b) => (orderOf(a.name) < orderOf(b.name) ? -1 : 1))) {
      if (feed.stopping.aborted || performance.now() > until) break
      const outcome = await takeIn(feed, folder, file).catch((error: unknown) => {
        if (!(error instanceof FileError)) throw error
        failure ??= error
        return null
      })
      if (outcome) found.push(outcome)
    }
  } catch (error) {
    if (!(error instanceof FolderError)) throw error
    failure = error
  }
  return { found, failure }
}

/** By trading day; names without one come last, by name. */
function orderOf(name: string): string {
  return `${dayInName(name) ?? '9999-99-99'} ${name}`
}

async function filesIn(folder: string): Promise<SeenFile[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const named = entries.filter((entry) => entry.isFile() && !leftAlone.test(entry.name) && entry.name.isWellFormed())
    const seen = await Promise.all(
      named.map(async ({ name }) => {
        const found = await lstat(join(folder, name)).catch(() => null)
        return found?.isFile() ? { name, bytes: found.size, modifiedAt: found.mtime.toISOString() } : null
      }),
    )
    return seen.filter((file) => file !== null)
  } catch (error) {
    throw new FolderError(`PRICE_FOLDER cannot be read (${codeOf(error)}).`)
  }
}

/** Imports one file and moves it; null: it is left for the next look. */
async function takeIn(feed: Feed, folder: string, file: { id: number; name: string }): Promise<Outcome | null> {
  const path = join(folder, file.name)
  const found = await lstat(path).catch(() => null)
  if (!found?.isFile()) return null
  // After a crash between commit and move the file still lies here.
  const sha256 = await digestUnlessGone(path, file.name)
  if (sha256 === null) return null
  const known = await findImportOf(feed.sql, sha256)
  if (known) {
    const sentence = `It was imported already, as No. ${known.id}.`
    if (await isAsRead(path, found)) await moveTo(folder, 'done', file.name)
    return settled(feed, file, { state: 'known', importId: known.id, sentence })
  }
  const importId = await readIntoImport(feed.sql, [{ path, name: file.name }], { origin: 'feed', actor: by.actor })
  const read = (await findImport(feed.sql, importId))!
  if (read.problemCount > 0 || read.files.every(({ prices }) => prices === 0)) {
    await dropImport(feed.sql, importId, by)
    const mayArrive = Date.now() - found.mtimeMs < settlesWithinMs && read.problemCount === 0
    if (mayArrive || !(await isAsRead(path, found))) return null
    return refuse(feed, folder, file, read)
  }
  const { outcome, sentence } = await settleImport(feed.sql, importId, { holder: feed.holder, invented: false })
  if (outcome === 'lost') {
    await dropImport(feed.sql, importId, by)
    return null
  }
  if (await isAsRead(path, found)) await moveTo(folder, 'done', file.name)
  const [unread] = read.refused
  const passedOver = unread ? `Passed over: ${unread.file}: ${unread.sentence}` : null
  return settled(feed, file, { state: outcome, importId, sentence: sentence ?? passedOver })
}

async function refuse(feed: Feed, folder: string, file: { id: number; name: string }, read: Import): Promise<Outcome> {
  const lines = [...read.refused.map((one) => ({ ...one, line: null })), ...read.problems].map(sentenceOf)
  const hasNavs = read.files.some(({ navs }) => navs)
  const nothing = hasNavs
    ? 'It holds NAVs and no prices. NAVs are imported in the panel, or with npm run import.'
    : 'There is no price in this file.'
  const sentence = lines[0] ?? `${file.name}: ${nothing}`
  const more = read.problemCount - read.problems.length
  const rest = more > 0 ? [`And ${more} more.`] : []
  // First, so that a crash before the file is moved tells nobody less.
  await insertIncident(feed.sql, 'prices-refused', file.name, {
    file: file.name,
    reason: sentence,
    sha256: read.files[0]?.sha256,
  })
  const moved = await moveTo(folder, 'refused', file.name)
  await writeFile(`${moved}.reason.txt`, `${[sentence, ...lines.slice(1), ...rest].join('\n')}\n`).catch(
    cannotWrite('refused'),
  )
  return settled(feed, file, { state: 'refused', importId: null, sentence })
}

function sentenceOf({ file, line, sentence }: Problem): string {
  return `${file}${line === null ? '' : `, line ${line}`}: ${sentence}`
}

async function settled(
  feed: Feed,
  file: { id: number; name: string },
  to: { state: 'committed' | 'held' | 'known' | 'refused'; importId: number | null; sentence: string | null },
): Promise<Outcome> {
  await noteFileSettled(feed.sql, file.id, { state: to.state, message: to.sentence, importId: to.importId })
  return { about: file.name, ...to }
}

/** Whether a file is what was read. One that was replaced, or went on growing, meanwhile has not been read yet as it is now. */
async function isAsRead(path: string, read: Stats): Promise<boolean> {
  const now = await lstat(path).catch(() => null)
  return now?.ino === read.ino && now.size === read.size && now.mtimeMs === read.mtimeMs
}

/** Moves a file into a subfolder, under another name when one of its name lies there. Answers its new path. Throws FolderError. */
async function moveTo(folder: string, place: 'done' | 'refused', name: string): Promise<string> {
  try {
    await mkdir(join(folder, place), { recursive: true })
    let path = join(folder, place, name)
    for (let number = 2; await exists(path); number++) {
      const { name: stem, ext } = parse(name)
      path = join(folder, place, `${stem} (${number})${ext}`)
    }
    await rename(join(folder, name), path)
    return path
  } catch (error) {
    return cannotWrite(place)(error)
  }
}

function cannotWrite(place: 'done' | 'refused') {
  return (error: unknown): never => {
    throw new FolderError(`${place}/ in PRICE_FOLDER cannot be written (${codeOf(error)}).`)
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Null: it is gone meanwhile. Throws FileError. */
async function digestUnlessGone(path: string, name: string): Promise<string | null> {
  try {
    return await digestOf(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw new FileError(`${name.toWellFormed()} in PRICE_FOLDER cannot be opened (${codeOf(error)}).`)
  }
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? 'unknown'
}

import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { dateInIndia } from '../../platform/dates.ts'
import type { Day } from '../calendar/days.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { readPriceFile, type Seen } from '../prices/files/reading.ts'
import { readIntoImport } from '../prices/imports/imports.ts'
import { dropImport, findImport } from '../prices/imports/queries.ts'
import type { GivenFile } from '../prices/imports/read-files.ts'
import { addressesOf } from './addresses.ts'
import { download, SourceError } from './download.ts'
import { by, type Feed, type Outcome } from './feed.ts'
import { countHeldImports, noteDay, noteSource, settleImport } from './queries.ts'

/** More missing days than this are imported together: a split among them is then one decision, not one for each day after it. */
const mostSingly = 10
const batchDays = 250
/** Each unanswered one holds those after it as well, for the same reason: more would only repeat it. */
const mostHeld = 5
const pauseMs = 250

/**
 * Fetches the files of these days, the oldest first, and imports them: each by itself, or many at once. A day whose file is
 * missing or wrong holds up no other; when the source fails as a whole, nothing more is asked of it.
 */
export async function fetchDays(feed: Feed, days: readonly Day[], until: number): Promise<Outcome[]> {
  const size = days.length > mostSingly ? batchDays : 1
  const outcomes: Outcome[] = []
  for (let i = 0; i < days.length; i += size) {
    if (feed.stopping.aborted || performance.now() > until || (await countHeldImports(feed.sql)) >= mostHeld) break
    if (i > 0) await pause(pauseMs)
    const { folder, remove } = await temporaryFolder()
    const { found, failed } = await fetchBatch(feed, days.slice(i, i + size), folder, until).finally(remove)
    outcomes.push(...found)
    if (failed) break
  }
  return outcomes
}

async function fetchBatch(
  feed: Feed,
  days: readonly Day[],
  folder: string,
  until: number,
): Promise<{ found: Outcome[]; failed: boolean }> {
  const found: Outcome[] = []
  const good: (GivenFile & { day: Day })[] = []
  let failed = false
  for (const [place, day] of days.entries()) {
    if (feed.stopping.aborted || performance.now() > until) break
    if (place > 0) await pause(pauseMs)
    try {
      const file = await fetchDay(feed, day, join(folder, day))
      await noteSource(feed.sql, null)
      if (file === null) found.push(await noted(feed, day, 'waiting', 'The archive has no file of this day yet.'))
      else {
        const flaw = await flawOf(file, day)
        if (flaw === null) good.push({ ...file, day })
        else found.push(await noted(feed, day, 'failed', flaw))
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      if (feed.stopping.aborted) break
      await noteSource(feed.sql, error.message)
      found.push(await noted(feed, day, 'failed', error.message))
      failed = true
      break
    }
  }
  // A process that ends leaves them to the next one, for reading them takes longer than it has.
  if (good.length > 0 && !feed.stopping.aborted) found.push(...(await importFiles(feed, good)))
  return { found, failed }
}

/** The file of a day, from the first address that has it; null: none has it yet. Throws SourceError. */
async function fetchDay(feed: Feed, day: Day, path: string): Promise<GivenFile | null> {
  let refusal: SourceError | null = null
  for (const address of addressesOf(feed.source.archiveUrls, day))
    try {
      const name = basename(new URL(address).pathname).slice(-150)
      if (await download(address, path, feed.stopping)) return { path, name }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      refusal ??= error
    }
  if (refusal) throw refusal
  return null
}

/** What is wrong with a downloaded file, as a sentence: it is no file of prices, or of another day. Null: nothing. */
async function flawOf(file: GivenFile, day: Day): Promise<string | null> {
  if (await beginsLikeAPage(file.path))
    return 'A web page came in place of the file: the archive may block this server.'
  const reading = {
    match: ({ symbol }: Seen) => symbol,
    wasGivenUp: () => false,
    today: '9999-12-31',
    isOpen: () => true,
  }
  for await (const one of readPriceFile(file.path, file.name, reading)) {
    if (one.kind === 'refused') return one.sentence
    if (one.kind === 'price' && one.price.day !== day)
      return `The file is of ${dateInIndia(new Date(one.price.day))}, not of the day that was asked for.`
  }
  return null
}

async function beginsLikeAPage(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0)
    return /^\s*</.test(new TextDecoder().decode(buffer.subarray(0, bytesRead)))
  } finally {
    await file.close()
  }
}

async function importFiles(feed: Feed, files: readonly (GivenFile & { day: Day })[]): Promise<Outcome[]> {
  const origin = feed.source.invented ? 'sample' : 'feed'
  const importId = await readIntoImport(feed.sql, files, { origin, actor: by.actor })
  const read = (await findImport(feed.sql, importId))!
  const priced = files.filter((_, place) => read.files[place]!.prices > 0)
  const empty = files.filter((file) => !priced.includes(file))
  const outcomes: Outcome[] = []
  for (const { day } of empty) outcomes.push(await noted(feed, day, 'failed', 'No instrument that we follow is in it.'))
  const { outcome, sentence } =
    priced.length > 0
      ? await settleImport(feed.sql, importId, { ...feed, invented: feed.source.invented })
      : { outcome: 'lost' as const, sentence: null }
  if (outcome !== 'lost')
    return [...outcomes, ...priced.map(({ day }) => ({ about: day, state: outcome, importId, sentence }))]
  await dropImport(feed.sql, importId, by)
  return outcomes
}

async function noted(feed: Feed, day: Day, state: 'waiting' | 'failed', sentence: string): Promise<Outcome> {
  await noteDay(feed.sql, day, state, sentence)
  return { about: day, state, importId: null, sentence }
}

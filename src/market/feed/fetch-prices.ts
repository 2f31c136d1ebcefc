import { dayInIndia } from '../../platform/dates.ts'
import type { Services } from '../../platform/services.ts'
import { insertIncident } from '../../records/incidents/queries.ts'
import { fetchDays } from './archive.ts'
import { type Feed, type Outcome, withFeed } from './feed.ts'
import { readFolder } from './folder.ts'
import { closeSettledIncidents, noteLatePrices, resolveFolderIncidents } from './incidents.ts'
import { hasRealPrices, isBackingOff, listDueDays, settleImport, takeUntouchedImports } from './queries.ts'

/** The job queue lets a run last a quarter of an hour; what is left is done by the next one. */
const withinMs = 10 * 60_000

type Given = Pick<Services, 'sql' | 'log' | 'config'>

/**
 * The job: fetches what is due by the database's clock, commits what is clean, holds the rest with an incident, and tells the
 * operator in the evening when prices are late. Does nothing twice, however many processes run it.
 */
export async function fetchPrices(given: Given, stopping?: AbortSignal): Promise<Outcome[]> {
  const source = given.config.prices
  const found = source.source === null || source.source === 'off' ? null : await look(given, { stopping })
  // After the look: what an outage made late may just have come.
  await noteLatePrices(given.sql, source)
  await closeSettledIncidents(given.sql, source.invented)
  for (const { about, state, sentence, importId } of found ?? [])
    given.log.info({ event: 'prices fetched', about, state, importId, reason: sentence }, 'prices fetched')
  return found ?? []
}

/** A span of days: their sessions whose prices are missing are fetched at once, whatever was waited for. */
export type Span = { from: string; to: string }

/**
 * One look at the source, at what is due or at a span. It begins nothing more after `withinMs`. Null: another process is looking
 * right now.
 */
export async function look(
  { sql, log, config }: Given,
  options: { span?: Span | null; stopping?: AbortSignal | undefined; withinMs?: number } = {},
): Promise<Outcome[] | null> {
  const source = config.prices
  const { span = null, stopping } = options
  const until = performance.now() + (options.withinMs ?? withinMs)
  return withFeed({ sql, log, source, stopping }, async (feed) => {
    const settled = await settleUntouched(feed)
    const found = source.source === 'folder' ? await lookInFolder(feed, until) : await lookInArchive(feed, span, until)
    return [...settled, ...found]
  })
}

/** The look-alike goes on with the sample where there is one, and ends with it. */
async function lookInArchive(feed: Feed, span: Span | null, until: number): Promise<Outcome[]> {
  const { sql, source } = feed
  if (source.invented && (await hasRealPrices(sql))) return []
  if (span === null && (await isBackingOff(sql))) return []
  return fetchDays(feed, await listDueDays(sql, source.invented, span), until)
}

async function lookInFolder(feed: Feed, until: number): Promise<Outcome[]> {
  const { found, failure } = await readFolder(feed, feed.source.folder!, until)
  if (failure === null) {
    await resolveFolderIncidents(feed.sql)
    return found
  }
  await insertIncident(feed.sql, 'prices-folder', dayInIndia(new Date()), { reason: failure.message })
  feed.log.warn({ reason: failure.message }, 'the folder of prices cannot be used')
  return [...found, { about: 'PRICE_FOLDER', state: 'failed', importId: null, sentence: failure.message }]
}

/** A decision about an earlier import, or a file that came later, may have made a held one clean. */
async function settleUntouched(feed: Feed): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const importId of await takeUntouchedImports(feed.sql)) {
    const given = { holder: feed.holder, invented: feed.source.invented }
    const { outcome, sentence } = await settleImport(feed.sql, importId, given)
    if (outcome === 'committed') outcomes.push({ about: `import ${importId}`, state: outcome, importId, sentence })
  }
  return outcomes
}

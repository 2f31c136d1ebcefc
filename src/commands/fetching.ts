import { setTimeout as pause } from 'node:timers/promises'
import { type Day, dayIn } from '../market/calendar/days.ts'
import type { Outcome } from '../market/feed/feed.ts'
import { look, type Span } from '../market/feed/fetch-prices.ts'
import { listPricedDays } from '../market/feed/queries.ts'
import { findToday } from '../market/prices/imports/queries.ts'
import type { Config } from '../platform/config.ts'
import type { Sql } from '../platform/db.ts'
import { createLog } from '../platform/log.ts'

/** How long another process that fetches is waited for. */
const waitMs = 30_000
/** A file in the folder is complete when it did not change for ten seconds. */
const quietMs = 11_000

/**
 * One look at the configured source, now: `--fetch`, and with `--from` and `--to` the days of that span whose prices are
 * missing. Prints what became of each; answers the sentence with which the command fails, null when all is well.
 */
export async function fetchNow(
  sql: Sql,
  config: Config,
  given: { from?: string | undefined; to?: string | undefined },
): Promise<string | null> {
  const { source } = config.prices
  if (source === null || source === 'off')
    return 'There is no source to fetch from: set PRICE_SOURCE (see “Prices” in docs/operating.md). A demo fetches by itself while it runs.'
  const span = spanOf(given, await findToday(sql))
  if (typeof span === 'string') return span
  if (span !== null && source === 'folder') return 'A folder is always read whole: leave out --from and --to.'
  for (const day of span ? await listPricedDays(sql, config.prices.invented, span) : [])
    console.log(`${day}  is already imported`)
  console.log('Checking the source; years of prices take some minutes.')
  const found = await lookPatiently(sql, config, span)
  if (found === null) return 'Another process is fetching prices right now. Try again in a minute.'
  for (const one of found) console.log(lineOf(one))
  if (found.length === 0) console.log('Nothing was due.')
  return found.some(({ state }) => ['held', 'failed', 'refused'].includes(state))
    ? 'Not everything is live: see the lines above, and the panel under Market, Feed.'
    : null
}

async function lookPatiently(sql: Sql, config: Config, span: Span | null) {
  const given = { sql, config, log: createLog('warn') }
  const options = { span, withinMs: Number.POSITIVE_INFINITY }
  const until = performance.now() + waitMs
  let found = await look(given, options)
  while (found === null && performance.now() < until) {
    await pause(1_000)
    found = await look(given, options)
  }
  if (config.prices.source !== 'folder' || found === null) return found
  await pause(quietMs)
  return [...found, ...((await look(given)) ?? [])]
}

/** The span of days that was asked for, null for none, or a sentence about what is wrong with it. */
function spanOf({ from, to }: { from?: string | undefined; to?: string | undefined }, today: Day) {
  if (from === undefined && to === undefined) return null
  const span = { from: from ?? '', to: to ?? today }
  if (dayIn(span.from) !== span.from || dayIn(span.to) !== span.to)
    return 'Write days like --from 2026-11-16 --to 2026-11-27.'
  if (span.from > span.to) return `${span.from} is after ${span.to}.`
  return span.to > today ? `${span.to} is in the future.` : span
}

function lineOf({ about, state, importId, sentence }: Outcome): string {
  const which = importId === null ? '' : ` (import ${importId})`
  return `${about.padEnd(10)}  ${state}${which}${sentence === null ? '' : `: ${sentence}`}`
}

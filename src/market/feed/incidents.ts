import type { Config } from '../../platform/config.ts'
import { dateInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { closeIncident, insertIncident } from '../../records/incidents/queries.ts'
import { by } from './feed.ts'
import { findLateDay, hasRealPrices, listOpenIncidents, listSettledIncidents } from './queries.ts'

/**
 * Opens an incident, and with it a mail to the operator, when a session's prices are not here at 21:00, whoever reads reports:
 * one a session. Not on a site that shows nothing but the sample and has no source.
 */
export async function noteLatePrices(sql: Sql, { source, invented }: Config['prices']): Promise<void> {
  const isWatched = (source !== null && source !== 'off') || (await hasRealPrices(sql))
  const day = isWatched ? await findLateDay(sql, invented) : undefined
  if (day === undefined) return
  await insertIncident(sql, 'prices-late', day, { reason: `No prices of ${dateInIndia(new Date(day))} by 21:00.` })
}

const resolutions: Record<string, string> = {
  came: 'The prices came.',
  closed: 'The day is not a session any more.',
  committed: 'The import was committed.',
  dropped: 'The import was dropped.',
  undone: 'The import was committed, and undone later.',
}

/** Resolves what is over by itself: late prices that came, held imports that were decided. */
export async function closeSettledIncidents(sql: Sql, invented: boolean): Promise<void> {
  for (const { id, outcome } of await listSettledIncidents(sql, invented))
    await closeIncident(sql, id, { ...by, resolution: resolutions[outcome] ?? `The import is ${outcome}.` })
}

/** The folder can be used again. */
export async function resolveFolderIncidents(sql: Sql): Promise<void> {
  for (const id of await listOpenIncidents(sql, 'prices-folder'))
    await closeIncident(sql, id, { ...by, resolution: 'The folder can be used again.' })
}

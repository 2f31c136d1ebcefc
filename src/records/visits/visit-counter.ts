import { dayInIndia, midnightInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { addVisits, type VisitCount } from './queries.ts'
import { isNamedSource, other } from './sources.ts'

/** For how many days visits are kept, and sources of registrations. */
export const visitDays = 90
/** Sites and campaigns that are told apart on one day, by a process and in the database. */
export const sourcesADay = 100
/** How long a count waits in memory, in milliseconds: what a killed process loses at most. */
export const flushMs = 10_000

/** Counts views in memory, and writes them together. `known` answers the source as it is told apart today, 'other' included. */
export type VisitCounter = {
  known: (source: string) => string
  count: (page: string, source: string) => void
  flush: () => Promise<void>
}

/**
 * A counter of one process. A flush that fails keeps its counts for the next one; a connection that breaks after the database
 * has them makes them count twice, which is rare and harmless here.
 */
export function visitCounter(sql: Sql): VisitCounter {
  let waiting = new Map<string, VisitCount>()
  let today = { day: '', endsAt: 0, sources: new Set<string>() }

  const add = (one: VisitCount) => {
    const key = `${one.day} ${one.page} ${one.source}`
    waiting.set(key, { ...one, views: (waiting.get(key)?.views ?? 0) + one.views })
  }
  const known = (source: string) => {
    if (Date.now() >= today.endsAt) {
      const day = dayInIndia(new Date())
      today = { day, endsAt: midnightInIndia(day)!.getTime() + 86_400_000, sources: new Set() }
    }
    if (!isNamedSource(source)) return source
    if (!today.sources.has(source) && today.sources.size >= sourcesADay) return other
    today.sources.add(source)
    return source
  }
  return {
    known,
    count: (page, source) => {
      const counted = known(source)
      add({ day: today.day, page, source: counted, views: 1 })
    },
    async flush() {
      if (waiting.size === 0) return
      const counts = [...waiting.values()]
      waiting = new Map()
      try {
        await addVisits(sql, counts, sourcesADay)
      } catch (error) {
        for (const one of counts) add(one)
        throw error
      }
    },
  }
}

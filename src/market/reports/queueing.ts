import type { Sql } from '../../platform/db.ts'
import { noteHeldReports } from '../../records/incidents/incidents.ts'
import { announceLateReports, type DueSlot, listDueSlots, moveOn, queueSome } from './queries.ts'

const batch = 500

const reasons: Record<'held' | 'missing' | 'half', string> = {
  held: 'An import of that day is held, with jumps that may be splits and that nobody has decided.',
  missing: 'There is no price of the benchmark for that day: import it, or enter a holiday in the calendar.',
  half: 'More than a quarter of the sectors have no price for that day.',
}

/**
 * Queues the mails of every report that is due, once for a person and issue: it can be stopped at any point, and continued
 * by another process. While prices of an issue are missing nobody gets it, and it goes out when they are there, for three
 * days. From nine in the evening of the issue's day on, when they are late, an incident informs the admin, and a mail the
 * subscribers whose report was due an hour ago. No report is made of sample prices. Answers how many people moved on to
 * their next report.
 */
export async function queueReports(sql: Sql, stopping?: AbortSignal): Promise<number> {
  let served = 0
  for (const slot of await listDueSlots(sql)) {
    const work = slot.isOver ? skip : slot.lack === null ? queue : hold
    served += await work(sql, slot, stopping)
    if (stopping?.aborted) break
  }
  return served
}

async function skip(sql: Sql, slot: DueSlot): Promise<number> {
  await moveOn(sql, slot)
  return 0
}

async function queue(sql: Sql, slot: DueSlot, stopping?: AbortSignal): Promise<number> {
  return untilNobodyWaits(() => queueSome(sql, slot, batch), stopping)
}

async function hold(sql: Sql, slot: DueSlot, stopping?: AbortSignal): Promise<number> {
  if (slot.lack === null || slot.lack === 'sample' || !slot.arePricesLate) return 0
  await noteHeldReports(sql, { issue: slot.issue, reason: reasons[slot.lack] })
  if (slot.isLate) await untilNobodyWaits(() => announceLateReports(sql, slot, batch), stopping)
  return 0
}

async function untilNobodyWaits(some: () => Promise<number>, stopping?: AbortSignal): Promise<number> {
  let all = 0
  while (!stopping?.aborted) {
    const count = await some()
    if (count === 0) break
    all += count
  }
  return all
}

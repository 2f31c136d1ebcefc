import type { Sql } from '../../platform/db.ts'
import { noteHeldReports } from '../../records/incidents/incidents.ts'
import { announceLateReports, type DueSlot, listDueSlots, moveOn, queueSome } from './queries.ts'

const batch = 500

const reasons: Record<'held' | 'missing' | 'half', string> = {
  held: 'An import of that day is held, with jumps that may be splits and that nobody has decided.',
  missing: 'There is no price of the benchmark for that day.',
  half: 'More than a quarter of the sectors have no price for that day.',
}

/**
 * Writes the mails of every report that is due, once a person and issue, and wakes nobody up twice: it may be stopped
 * anywhere and run anywhere else. Where the prices of an issue are not all there nobody gets it; an incident tells the
 * admin at once, a mail tells the subscribers after an hour, and it goes out when they are there, for three days. Of
 * sample prices no report is due to anybody. Answers how many people were served or passed over.
 */
export async function queueReports(sql: Sql, stopping?: AbortSignal): Promise<number> {
  let served = 0
  for (const slot of await listDueSlots(sql)) {
    const work = slot.isOver ? passOver : slot.lack === null ? queue : hold
    served += await work(sql, slot, stopping)
    if (stopping?.aborted) break
  }
  return served
}

async function passOver(sql: Sql, slot: DueSlot): Promise<number> {
  await moveOn(sql, slot)
  return 0
}

async function queue(sql: Sql, slot: DueSlot, stopping?: AbortSignal): Promise<number> {
  return untilNobody(() => queueSome(sql, slot, batch), stopping)
}

async function hold(sql: Sql, slot: DueSlot, stopping?: AbortSignal): Promise<number> {
  if (slot.lack === null || slot.lack === 'sample') return 0
  await noteHeldReports(sql, { issue: slot.issue, reason: reasons[slot.lack] })
  if (slot.isLate) await untilNobody(() => announceLateReports(sql, slot, batch), stopping)
  return 0
}

async function untilNobody(some: () => Promise<number>, stopping?: AbortSignal): Promise<number> {
  let all = 0
  while (!stopping?.aborted) {
    const count = await some()
    if (count === 0) break
    all += count
  }
  return all
}

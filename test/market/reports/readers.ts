import { type Day, daysAfter } from '../../../src/market/calendar/days.ts'
import { listInstruments } from '../../../src/market/instruments/queries.ts'
import { commitImport, holdImport, stagePrices, startImport } from '../../../src/market/prices/imports/queries.ts'
import { inventPrices } from '../../../src/market/prices/sample-prices.ts'
import { subscriber } from '../../account/people.ts'
import type { TestApp } from '../../support/app.ts'

/** A subscriber whose address is confirmed. */
export async function reader(app: TestApp, changes: Record<string, string> = {}) {
  const person = await subscriber(app, changes)
  await app.sql`update users set email_verified_at = now() where id = ${person.userId}`
  return person
}

export const weekly = { cadence: 'weekly', weekday: '6', time: '08:00', ranks: 'yes', heat: 'yes', map: 'yes' }

/** The manage link of a person's choice. */
export async function linkOf(app: TestApp, userId: string): Promise<string> {
  const [row] = await app.sql<{ link: string }[]>`select link from report_choices where user_id = ${userId}`
  return row!.link
}

/**
 * The newest slot of a cadence that has come so many hours ago, and the issue that is due in it. The exchange is open on every
 * weekday and no other day, except for a `test`, so that no week is a special one on any date. After three hours the prices of
 * the issue are late at any time of the day: they are out by six, and late from nine on.
 */
export async function pastSlot(app: TestApp, cadence: 'weekly' | 'daily', hoursAgo = 3) {
  await app.sql`delete from holidays where name <> 'test'`
  await app.sql`delete from special_sessions where name <> 'test'`
  const [slot] = await app.sql<{ at: Date; weekday: number; minute: number; issue: Day }[]>`
    with slot as (
      select date_trunc('minute', now() - make_interval(hours => ${hoursAgo})) as at
    ), local as (
      select at, at at time zone 'Asia/Kolkata' as clock from slot
    )
    select at, extract(isodow from clock)::int as weekday,
           (extract(hour from clock) * 60 + extract(minute from clock))::int as minute,
           report_issue(${cadence}, at)::text as issue
    from local
  `
  return { cadence, ...slot! }
}

/** Makes a choice of these people due in a slot, as if they had made it before. */
export async function makeDue(app: TestApp, slot: Awaited<ReturnType<typeof pastSlot>>, userIds?: string[]) {
  const { cadence, at, weekday, minute } = slot
  await app.sql`
    insert into report_choices (user_id, cadence, weekday, minute, link, next_due_at)
    select id, ${cadence}, ${weekday}, ${minute}, left(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 43), ${at}
    from users
    where role = 'subscriber' ${userIds ? app.sql`and id in ${app.sql(userIds)}` : app.sql``}
    on conflict (user_id) do update
    set cadence = excluded.cadence, weekday = excluded.weekday, minute = excluded.minute, next_due_at = excluded.next_due_at,
        told_late_of = null
  `
}

/** Imports invented prices as real ones: two years of every instrument, or of those named, up to a day. Answers the import. */
export async function importUntil(
  app: TestApp,
  until: Day,
  given: { symbols?: string[]; from?: Day; commit?: boolean; times?: number } = {},
): Promise<number> {
  const instruments = await listInstruments(app.sql)
  const rows = [...inventPrices(instruments, daysAfter(until, 1))]
    .filter(([symbol]) => given.symbols?.includes(symbol) ?? true)
    .flatMap(([symbol, prices]) =>
      [...prices, ...(prices.has(until) ? [] : [[until, [...prices.values()].at(-1)!] as const])]
        .slice(-560)
        .filter(([day]) => given.from === undefined || day >= given.from)
        .map(([day, close], i) => ({
          symbol,
          day,
          close: close * (given.times ?? 1),
          basis: 'traded' as const,
          file: 0,
          line: i + 1,
        })),
    )
  const importId = await startImport(app.sql, { origin: 'command', actor: 'test' })
  for (let i = 0; i < rows.length; i += 2_000) await stagePrices(app.sql, importId, rows.slice(i, i + 2_000))
  await holdImport(app.sql, importId, { files: [], problems: [], problemCount: 0 })
  if (given.commit !== false) {
    const outcome = await commitImport(app.sql, importId, { actor: 'test', origin: null }, null)
    if (outcome !== 'committed') throw new Error(outcome)
  }
  return importId
}

/** What was queued for a person. */
export async function queuedFor(app: TestApp, userId: string) {
  return app.sql<{ kind: string; subjectKey: string; status: string; bulk: boolean }[]>`
    select kind, subject_key, status, bulk from mails where user_id = ${userId} and kind like 'report%' order by id
  `
}

/** Delivers what is due and answers the reports in a person's mailbox, the newest first. */
export async function reportsTo(app: TestApp, email: string) {
  await app.run('deliver-mails')
  return (await app.mailbox.list()).filter(
    (mail) => mail.recipients.includes(email) && / · (week to )?\w{3}, \d/.test(mail.subject),
  )
}

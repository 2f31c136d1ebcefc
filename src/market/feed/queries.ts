import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** Takes the feed for `holder`, or keeps it; false: another process has it. See take_feed in feed.sql. */
export async function takeFeed(sql: Sql, holder: string): Promise<boolean> {
  const [row] = await sql<{ taken: boolean }[]>`select take_feed(${holder}) as taken`
  return row!.taken
}

/** Gives the feed back, and notes when it looked. */
export async function releaseFeed(sql: Sql, holder: string): Promise<void> {
  await sql`update feed_state set holder = null, held_until = null, looked_at = now() where holder = ${holder}`
}

/** Whether the source may not be asked yet, after errors. */
export async function isBackingOff(sql: Sql): Promise<boolean> {
  const rows = await sql`select from feed_state where next_at > now() and next_at <= now() + interval '4 hours'`
  return rows.count > 0
}

/** Sessions whose prices are missing and may be asked for now, the oldest first; see feed_days_due in feed.sql. */
export async function listDueDays(
  sql: Sql,
  invented: boolean,
  span: { from: string; to: string } | null,
): Promise<string[]> {
  const rows = await sql<{ day: string }[]>`
    select day::text as day from feed_days_due(${invented}, ${span?.from ?? null}::date, ${span?.to ?? null}::date)
  `
  return rows.map(({ day }) => day)
}

/** Notes that a day's file is not there yet, or what is wrong with it. */
export async function noteDay(sql: Sql, day: string, state: 'waiting' | 'failed', message: string): Promise<void> {
  await sql`select note_feed_day(${day}, ${state}, ${message})`
}

/** Notes that the source answers (null), or how it fails as a whole. */
export async function noteSource(sql: Sql, message: string | null): Promise<void> {
  await sql`select note_feed_source(${message})`
}

/** What became of an import; 'lost': another process has the feed now, and nothing was decided. */
export type Settled = { outcome: 'committed' | 'held' | 'lost'; sentence: string | null }

/** Commits an import of the feed, or holds it with an incident; see settle_feed_import in feed.sql. */
export async function settleImport(
  sql: Sql,
  importId: number,
  given: { holder: string; invented: boolean },
): Promise<Settled> {
  const [row] = await sql<Settled[]>`
    select outcome, sentence from settle_feed_import(${importId}, ${given.holder}, ${given.invented})
  `
  return row!
}

/** How many imports of the feed wait for a person. */
export async function countHeldImports(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from imports where status = 'held' and created_by = 'feed'
  `
  return row!.count
}

/**
 * Imports of the feed that are held and in which no person decided anything, once after each change of the market, which may have
 * made them clean; and those that were never tried, because the process that read them was killed.
 */
export async function takeUntouchedImports(sql: Sql): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    with changed as (
      update feed_state f set tried_version = m.version from market_state m
      where f.tried_version is distinct from m.version
      returning f.tried_version
    )
    select i.id::int as id
    from imports i
    where i.status = 'held' and i.created_by = 'feed'
      and (exists (select from changed) or not exists (select from feed_days f where f.import_id = i.id))
      and not exists (select from splits s where s.import_id = i.id)
      and not exists (select from real_jumps r where r.import_id = i.id)
      and not exists (select from import_questions q where q.import_id = i.id and q.answer is not null)
    order by i.id
  `
  return rows.map(({ id }) => id)
}

/** Whether prices count that nobody invented. */
export async function hasRealPrices(sql: Sql): Promise<boolean> {
  const rows = await sql`
    select from imports i
    where status = 'committed' and origin <> 'sample' and exists (select from prices p where p.import_id = i.id)
    limit 1
  `
  return rows.count > 0
}

/** Which of these days have a price of the benchmark that counts. */
export async function listPricedDays(
  sql: Sql,
  invented: boolean,
  { from, to }: { from: string; to: string },
): Promise<string[]> {
  const rows = await sql<{ day: string }[]>`
    select distinct day::text as day from benchmark_days(${invented}) b(day) where day between ${from} and ${to} order by 1
  `
  return rows.map(({ day }) => day)
}

/** A file that lies in the folder, as it is now. */
export type SeenFile = { name: string; bytes: number; modifiedAt: string }

/** Notes what lies in the folder and answers what is complete; see note_feed_files in feed.sql. */
export async function noteFiles(sql: Sql, files: readonly SeenFile[]): Promise<{ id: number; name: string }[]> {
  const seen = files.map(({ name, bytes, modifiedAt }) => ({ name, bytes, modified_at: modifiedAt }))
  return sql<{ id: number; name: string }[]>`
    select id::int as id, name from note_feed_files(${sql.json(seen as never)})
  `
}

/** Notes what became of a file of the folder. */
export async function noteFileSettled(
  sql: Sql,
  fileId: number,
  to: { state: 'committed' | 'held' | 'known' | 'refused'; message: string | null; importId: number | null },
): Promise<void> {
  await sql`
    update feed_files
    set state = ${to.state}, message = ${to.message}, import_id = ${to.importId}, settled_at = now()
    where id = ${fileId}
  `
}

/** The import that holds this very file and counts, or waits for a person. */
export async function findImportOf(sql: Sql, sha256: string): Promise<{ id: number; status: string } | undefined> {
  const [row] = await sql<{ id: number; status: string }[]>`
    select id::int as id, status
    from imports
    where status in ('held', 'committed') and files @> ${sql.json([{ sha256 }])}
    order by id desc
    limit 1
  `
  return row
}

/**
 * The newest session whose prices are not here at 21:00 of its day; undefined: they are, or wait in a held import, which has an
 * incident of its own.
 */
export async function findLateDay(sql: Sql, invented: boolean): Promise<string | undefined> {
  const [row] = await sql<{ day: string }[]>`
    select late.day::text as day
    from (select newest_session(prices_late_after()) as day) late
    where late.day is not null
      and not exists (select from benchmark_days(${invented}) b(day) where b.day = late.day)
      and not exists (select from feed_days f join imports i on i.id = f.import_id and i.status = 'held' where f.day = late.day)
  `
  return row?.day
}

/** An incident of the feed that nobody resolved, though what it was about is over. */
export type SettledIncident = { id: number; kind: string; outcome: string }

/** Open incidents whose prices came, or whose import was decided. */
export async function listSettledIncidents(sql: Sql, invented: boolean): Promise<SettledIncident[]> {
  return sql<SettledIncident[]>`
    select late.id, 'prices-late' as kind, case when trades_on(late.day) then 'came' else 'closed' end as outcome
    from (select n.id::int as id, n.subject_key::date as day
          from incidents n where n.kind = 'prices-late' and n.resolved_at is null offset 0) late
    where not trades_on(late.day) or exists (select from benchmark_days(${invented}) b(day) where b.day = late.day)
    union all
    select n.id::int, n.kind, i.status
    from incidents n
    join imports i on i.id::text = n.subject_key
    where n.kind = 'prices-held' and n.resolved_at is null and i.status <> 'held'
  `
}

/** Open incidents of this kind. */
export async function listOpenIncidents(sql: Sql, kind: string): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    select id::int as id from incidents where kind = ${kind} and resolved_at is null
  `
  return rows.map(({ id }) => id)
}

/** Asks the source at once, with a day that day again; false: it was asked within the last minute. See ask_feed_now in feed.sql. */
export async function askNow(sql: Sql, day: string | null, by: Actor): Promise<boolean> {
  const [row] = await sql<{ asked: boolean }[]>`
    select ask_feed_now(${day}::date, ${by.actor}, ${originJson(sql, by)}) as asked
  `
  return row!.asked
}

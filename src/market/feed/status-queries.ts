import type { Sql } from '../../platform/db.ts'

/** How the source does. `nextAt`: when an archive is asked next, null when the calendar knows no session; the past: at once. */
export type FeedStatus = {
  lookedAt: Date | null
  isLooking: boolean
  /** Errors of the source as a whole in a row, and the last one's sentence. */
  errors: number
  message: string | null
  nextAt: Date | null
}

/** How the source does now. */
export async function findFeedStatus(sql: Sql, invented: boolean): Promise<FeedStatus> {
  const [row] = await sql<FeedStatus[]>`
    with state as (
      select * from feed_state
    ), soonest as (
      select case when exists (select from feed_days_due(${invented}, null, null)) then now()
                  else (select min(f.next_at) from feed_days f
                        where f.state in ('waiting', 'failed') and f.next_at > now()
                          and not exists (select from benchmark_days(${invented}) b(day) where b.day = f.day)) end as at
    ), evening as (
      select min(slot.at) as at
      from generate_series(0, 20) ahead
      cross join lateral (select (now() at time zone 'Asia/Kolkata')::date + ahead as day) d
      cross join lateral (select (d.day + prices_due_after()) at time zone 'Asia/Kolkata' as at) slot
      where trades_on(d.day) and slot.at > now()
    )
    select state.looked_at, coalesce(state.held_until > now(), false) as is_looking, state.errors, state.message,
           greatest(state.next_at, least(soonest.at, evening.at)) as next_at
    from state
    cross join soonest
    cross join evening
  `
  return row!
}

/** What became of a session's prices. */
export type FeedDay = {
  day: string
  /** 'expected': its evening is still to come; 'missing': nothing is known of it, and its evening is over. */
  state: 'here' | 'held' | 'taken-back' | 'failed' | 'waiting' | 'expected' | 'missing'
  /** It is past 21:00 of its day, and the prices are not here. */
  isLate: boolean
  importId: number | null
  message: string | null
  tries: number
  nextAt: Date | null
  /** Instruments that traded in the days before and have no price on this one. */
  missing: string[]
}

/** The newest sessions up to today, the newest first. */
export async function listFeedDays(sql: Sql, invented: boolean, limit: number): Promise<FeedDay[]> {
  return sql<FeedDay[]>`
    with local as (
      select (now() at time zone 'Asia/Kolkata')::date as today, newest_session(prices_due_after()) as asked,
             newest_session(prices_late_after()) as late
    ), sessions as (
      select d.day, exists (select from benchmark_days(${invented}) b(day) where b.day = d.day) as is_here
      from (select local.today - back as day from local, generate_series(0, 60) back
            where trades_on(local.today - back) order by 1 desc limit ${limit}) d
    ), states as (
      select s.day, f.message, f.tries, f.next_at, f.missing, coalesce(counted.import_id, f.import_id) as import_id,
             case when s.is_here then 'here'
                  when i.status = 'held' then 'held'
                  when i.status in ('dropped', 'undone') and i.origin <> 'sample' then 'taken-back'
                  when f.state in ('failed', 'waiting') then f.state
                  when s.day > local.asked then 'expected'
                  else 'missing' end as state,
             s.day <= local.late and not s.is_here as is_late
      from local
      cross join sessions s
      left join feed_days f on f.day = s.day
      left join imports i on i.id = f.import_id
      left join lateral (
        select p.import_id
        from instruments b
        join prices p on p.symbol = b.symbol and p.day = s.day
        join imports c on c.id = p.import_id and c.status = 'committed'
        where b.kind = 'benchmark'
        order by c.committed_at desc
        limit 1
      ) counted on true
    )
    select day::text as day, state, is_late, import_id::int as import_id, case when state <> 'here' then message end as message,
           coalesce(tries, 0) as tries, case when state in ('failed', 'waiting') then next_at end as next_at,
           coalesce(to_jsonb(missing), '[]') as missing
    from states
    order by states.day desc
  `
}

/** A file of the folder and what became of it. */
export type FeedFile = {
  id: number
  name: string
  bytes: number
  state: 'arriving' | 'committed' | 'held' | 'known' | 'refused'
  message: string | null
  importId: number | null
  at: Date
}

/** Files of the folder: those that arrive, then the newest that came. */
export async function listFeedFiles(sql: Sql, limit: number): Promise<FeedFile[]> {
  return sql<FeedFile[]>`
    select f.id::int as id, f.name, f.bytes,
           case when f.state = 'held' and i.status = 'committed' then 'committed' else f.state end as state,
           f.message, f.import_id::int as import_id, coalesce(f.settled_at, f.seen_at) as at
    from feed_files f
    left join imports i on i.id = f.import_id
    order by f.state <> 'arriving', f.settled_at desc, f.id desc
    limit ${limit}
  `
}

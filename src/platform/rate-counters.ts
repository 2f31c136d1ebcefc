import type { Sql } from './db.ts'

/** How often something happened in its window, and how many milliseconds of the window are left. */
export type WindowCount = { count: number; endsInMs: number }

/** Counts one more under this key; when its window has ended, a new one begins. */
export async function countOne(sql: Sql, key: string, windowMs: number): Promise<WindowCount> {
  const [row] = await sql<WindowCount[]>`
    insert into rate_counters as r (key, count, resets_at)
    values (${key}, 1, now() + make_interval(secs => ${windowMs / 1000}))
    on conflict (key) do update
      set count     = case when r.resets_at <= now() then 1 else r.count + 1 end,
          resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
    returning count, ceil(extract(epoch from resets_at - now()) * 1000)::int as ends_in_ms
  `
  return row!
}

/** Permits come back one every `everyMs`; up to `atOnce` lie ready. */
export type Pace = { everyMs: number; atOnce: number }

/**
 * Takes one of the permits of this key, for all processes together. Answers 0, or in how many milliseconds there will be one again. With
 * `always` it is taken even when there is none, and the debt is remembered for `longestDebtMs` at most. The row holds when all permits
 * will lie ready again; it has ended then, as a window has.
 */
export async function takePermit(
  sql: Sql,
  key: string,
  { everyMs, atOnce, always, longestDebtMs }: Pace & { always: boolean; longestDebtMs: number },
): Promise<number> {
  const [row] = await sql<{ waitMs: number }[]>`
    with pace as (
      select make_interval(secs => ${everyMs / 1000}) as every,
             make_interval(secs => ${((atOnce - 1) * everyMs) / 1000}) as ahead
    ), taken as (
      insert into rate_counters as r (key, count, resets_at)
      select ${key}, 1, now() + every from pace
      on conflict (key) do update
        set count     = r.count + 1,
            resets_at = least(greatest(r.resets_at, now()) + (select every from pace), now() + make_interval(secs => ${longestDebtMs / 1000}))
        where ${always} or r.resets_at <= now() + (select ahead from pace)
      returning key
    )
    select case
      when exists (select from taken) then 0
      else greatest(1, ceil(extract(epoch from r.resets_at - now() - ahead) * 1000))::int
    end as wait_ms
    from pace
    left join rate_counters r on r.key = ${key}
  `
  return row!.waitMs
}

/** Deletes windows that have ended. Returns how many. */
export async function deleteEndedWindows(sql: Sql): Promise<number> {
  const ended = await sql`delete from rate_counters where resets_at < now()`
  return ended.count
}

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

/** Deletes windows that have ended. Returns how many. */
export async function deleteEndedWindows(sql: Sql): Promise<number> {
  const ended = await sql`delete from rate_counters where resets_at < now()`
  return ended.count
}

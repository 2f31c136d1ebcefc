import postgres from 'postgres'

/**
 * From now on `now()` answers this SQL expression to every new connection of a database. `making`: what it needs besides, made
 * in the schema `pinned`.
 */
export async function replaceNow(url: string, expression: string, making = ''): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql.unsafe(`
    create schema pinned;
    ${making}
    create function pinned.now() returns timestamptz language sql stable as $now$ select ${expression} $now$;
    do $$ begin execute format('alter database %I set search_path = public, pinned, pg_catalog', current_database()); end $$`)
  await sql.end()
}

/**
 * Has a database be at this day at least: where the machine's clock is before it, the database's is ahead by as much as it takes.
 * For tests whose files are of days that must have come. Hands the URL back.
 */
export function notBefore(day: string): (url: string) => Promise<string> {
  return async (url) => {
    const aheadMs = Date.parse(`${day}T00:00:00+05:30`) - Date.now()
    if (aheadMs > 0) await replaceNow(url, `pg_catalog.now() + interval '${Math.ceil(aheadMs / 1000)} seconds'`)
    return url
  }
}

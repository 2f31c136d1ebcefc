import { type Connection, quoted } from './connection-queries.ts'

/** The database that a restore replaces or fills. */
export type Target = {
  oid: number
  name: string
  owner: string
  /** The owner of the product's tables, when it is another role than the connected one. */
  tablesOf: string | null
  /** It has no table at all. */
  empty: boolean
  mayCreateDatabases: boolean
  mayRename: boolean
}

/** The database this connection is in. */
export async function describeTarget(sql: Connection): Promise<Target> {
  const [row] = await sql<Target[]>`
    select d.oid::int8::text as oid, d.datname as name, pg_get_userbyid(d.datdba) as owner,
           (select pg_get_userbyid(c.relowner) from pg_class c
            where c.oid = to_regclass('public.migrations') and pg_get_userbyid(c.relowner) <> current_user) as "tablesOf",
           not exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                       where c.relkind in ('r', 'p') and n.nspname in ('public', 'pgboss')) as empty,
           me.rolcreatedb or me.rolsuper as "mayCreateDatabases",
           pg_has_role(d.datdba, 'usage') as "mayRename"
    from pg_database d, pg_roles me
    where d.datname = current_database() and me.rolname = current_user
  `
  return { ...row!, oid: Number(row!.oid) }
}

/** Roles that may write the product's tables without owning them: the site's own role, where there are two. */
export async function listSiteRoles(sql: Connection): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select distinct pg_get_userbyid(a.grantee) as name
    from pg_class c, aclexplode(c.relacl) a
    where c.oid = to_regclass('public.orders') and a.grantee <> c.relowner and a.grantee <> 0 and a.privilege_type = 'INSERT'
  `
  return rows.map(({ name }) => name)
}

/** Who else is connected to a database, by the name that programs give themselves, or else their role. */
export async function listConnections(sql: Connection, database: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select coalesce(nullif(application_name, ''), usename) as name
    from pg_stat_activity
    where datname = ${database} and pid <> pg_backend_pid() and usename is not null
      and coalesce(backend_type, 'client backend') = 'client backend'
    order by 1
  `
  return rows.map(({ name }) => name)
}

/** Ends the connections of others to a database. Throws when this role may not. */
export async function endConnections(sql: Connection, database: string): Promise<void> {
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = ${database} and pid <> pg_backend_pid() and usename is not null
      and coalesce(backend_type, 'client backend') = 'client backend'
  `
}

/** Databases whose name has this prefix. */
export async function listDatabases(sql: Connection, prefix: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select datname as name from pg_database where starts_with(datname, ${prefix}) order by 1
  `
  return rows.map(({ name }) => name)
}

/** The oid of a database, which stays when it is renamed; null when there is none of that name. */
export async function findDatabase(sql: Connection, name: string): Promise<number | null> {
  const [row] = await sql<{ oid: string }[]>`select oid::int8::text as oid from pg_database where datname = ${name}`
  return row ? Number(row.oid) : null
}

/** Creates an empty database; false when this role may not. */
export async function createDatabase(sql: Connection, name: string): Promise<boolean> {
  try {
    await sql.unsafe(`create database ${quoted(name)}`)
    return true
  } catch (error) {
    if ((error as { code?: string }).code === '42501') return false
    throw error
  }
}

/** An empty database with the owner, locale, settings and rights of another. */
export async function createLike(sql: Connection, name: string, like: string): Promise<void> {
  // The columns of a locale differ between versions of PostgreSQL.
  const [row] = await sql<{ d: Record<string, string | null>; owner: string; encoding: string }[]>`
    select to_jsonb(d) - 'datacl' as d, pg_get_userbyid(datdba) as owner, pg_encoding_to_char(encoding) as encoding
    from pg_database d where datname = ${like}
  `
  const { d, owner, encoding } = row!
  const provider = { i: 'icu', b: 'builtin', c: 'libc' }[d.datlocprovider ?? '']
  const locale = d.datlocale ?? d.daticulocale
  await sql.unsafe(
    [
      `create database ${quoted(name)} owner ${quoted(owner)} template template0 encoding ${literal(encoding)}`,
      `lc_collate ${literal(d.datcollate!)} lc_ctype ${literal(d.datctype!)}`,
      provider ? `locale_provider ${provider}` : '',
      provider && locale ? `${provider}_locale ${literal(locale)}` : '',
    ].join(' '),
  )
  const statements = await sql<{ text: string }[]>`
    select format('alter database %I set %I to %s', ${name}::text, split_part(setting, '=', 1),
                  case when split_part(setting, '=', 1) ~ 'path' then substr(setting, strpos(setting, '=') + 1)
                       else quote_literal(substr(setting, strpos(setting, '=') + 1)) end) as text
    from pg_database d join pg_db_role_setting s on s.setdatabase = d.oid and s.setrole = 0, unnest(s.setconfig) setting
    where d.datname = ${like}
    union all
    select format('revoke all on database %I from public', ${name}::text) from pg_database
    where datname = ${like} and datacl is not null
    union all
    select format('grant %s on database %I to %s', a.privilege_type, ${name}::text,
                  case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
    from pg_database d, aclexplode(d.datacl) a where d.datname = ${like} and a.grantee <> d.datdba
  `
  for (const { text } of statements) await sql.unsafe(text)
}

/** Removes a database that nobody is connected to. */
export async function dropDatabase(sql: Connection, name: string): Promise<void> {
  await sql.unsafe(`drop database if exists ${quoted(name)}`)
}

/** Removes a database, whoever is connected. */
export async function dropDatabaseByForce(sql: Connection, name: string): Promise<void> {
  await sql.unsafe(`drop database if exists ${quoted(name)} with (force)`)
}

/**
 * Renames both in one transaction (one message). It waits up to five seconds for connections to end, and new ones wait
 * meanwhile. Throws with code 55006 when one stays.
 */
export async function renameBoth(
  sql: Connection,
  { live, kept, staging }: { live: string; kept: string; staging: string },
): Promise<void> {
  await sql.unsafe(
    `alter database ${quoted(live)} rename to ${quoted(kept)}; alter database ${quoted(staging)} rename to ${quoted(live)}`,
  )
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { splitStatements } from '../../src/platform/sql-statements.ts'
import { blocksForLong, locksOf } from '../../src/platform/statement-locks.ts'
import { freshDatabase } from '../support/database.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let sql: postgres.Sql
beforeAll(async () => {
  database = await freshDatabase()
  sql = postgres(database.url, { max: 1, onnotice: () => {} })
  await sql.unsafe(`
    create table things (id bigint generated always as identity, name text, size integer, constraint sized check (size > 0) not valid);
    create index things_by_name on things (name);
    create unique index things_key on things (id);
    create table owners (id bigint primary key);
    create function tell() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger told after insert on things execute function tell();
    create table parted (at timestamptz not null) partition by range (at);
    create table part (at timestamptz not null);
    insert into things (name, size) select 'x', 1 from generate_series(1, 100)`)
})
afterAll(async () => {
  await sql.end()
  await database.drop()
})

const strength = ['ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE', 'SHARE ROW EXCLUSIVE', 'ACCESS EXCLUSIVE']
const strongest = (locks: { table: string; mode: string }[]) => {
  const found: Record<string, string> = {}
  for (const { table, mode } of locks)
    if (strength.indexOf(mode) > strength.indexOf(found[table] ?? '')) found[table] = mode
  return found
}

/** What the server locks for a statement, and which tables it writes anew; all of it is rolled back. */
async function observe(statement: string) {
  const results = (await sql.unsafe(`
    begin;
    create temp table before on commit drop as
      select oid, relname, pg_relation_filenode(oid) as file from pg_class
      where relname in ('things', 'owners', 'parted', 'part');
    ${statement};
    select b.relname as table, string_agg(distinct l.mode, ',') as modes, bool_or(pg_relation_filenode(b.oid) <> b.file) as anew
    from before b join pg_locks l on l.relation = b.oid and l.pid = pg_backend_pid() group by 1;
    rollback`)) as unknown as { table: string; modes: string; anew: boolean | null }[][]
  const rows = results.find((result) => result[0] && 'modes' in result[0]) ?? []
  return {
    locks: strongest(
      rows.flatMap(({ table, modes }) =>
        modes.split(',').map((mode) => ({
          table,
          mode: mode
            .replace(/Lock$/, '')
            .replaceAll(/(?<=.)([A-Z])/g, ' $1')
            .toUpperCase(),
        })),
      ),
    ),
    anew: rows.filter(({ anew }) => anew).map(({ table }) => table),
  }
}

describe('the plan says which lock a statement takes as the server does, and whether the table is written anew', () => {
  test.each([
    'create table more (id bigint)',
    'create table more (owner bigint references owners)',
    'create table more partition of parted for values from (minvalue) to (maxvalue)',
    'create index on things (size)',
    'create unique index things_by_size on things (id, size)',
    'alter table things add column note text',
    `alter table things add column note text not null default 'none'`,
    'alter table things add column made timestamptz default now()',
    'alter table things add column made timestamptz default clock_timestamp()',
    'alter table things add column key uuid default gen_random_uuid()',
    'alter table things add column double integer generated always as (size * 2) stored',
    'alter table things add column number bigserial',
    'alter table things add column number bigint generated always as identity',
    'alter table things add column owner bigint references owners',
    'alter table things add column note text, drop column size',
    'alter table things drop column name',
    'alter table things rename column name to title',
    'alter table things rename to stuff',
    'alter table things alter column name set default 1',
    'alter table things alter column name set not null',
    'alter table things alter name drop not null',
    'alter table things alter column size type bigint',
    'alter table things alter column id drop identity',
    'alter table things alter column name set statistics 1000',
    `alter table things add constraint short check (length(name) < 10)`,
    `alter table things add constraint short check (length(name) < 10) not valid`,
    'alter table things validate constraint sized',
    'alter table things drop constraint sized',
    'alter table things add constraint owned foreign key (id) references owners not valid',
    'alter table things add constraint one_name unique (id)',
    'alter table things add constraint things_pkey primary key using index things_key',
    'alter table things set (fillfactor = 80)',
    'alter table things disable trigger user',
    'alter table parted attach partition part for values from (minvalue) to (maxvalue)',
    'create trigger told_too after insert on things execute function tell()',
    'drop trigger told on things',
    'truncate things',
    'insert into things (name) values (1)',
    'update things set size = 2',
    'delete from things where size = 1',
    'create or replace function f() returns integer language sql as $$ select 1; $$',
    `comment on table things is 'x'`,
  ])('%s', async (statement) => {
    const said = locksOf(statement)!.filter(({ index }) => !index)
    const seen = await observe(statement)
    if (statement.startsWith('comment')) seen.locks = {}
    expect(strongest(said)).toEqual(seen.locks)
    expect(said.filter(({ work }) => work === 'writes the table anew').map(({ table }) => table)).toEqual(
      statement.startsWith('truncate') ? [] : seen.anew,
    )
  })

  test('an index that is built concurrently lets others write; dropping one names its table by the index', () => {
    expect(locksOf('create index concurrently if not exists a on things (size)')).toEqual([
      { table: 'things', mode: 'SHARE UPDATE EXCLUSIVE', work: 'builds an index' },
    ])
    expect(locksOf('drop index things_by_name')).toMatchObject([{ table: 'things_by_name', index: true }])
  })

  test('what no rule knows is said to be unknown, not harmless', () => {
    expect(locksOf('do $$ begin perform 1; end $$')).toBeNull()
    expect(locksOf('alter table things add column note text, cluster on things_key')).toBeNull()
    expect(locksOf('vacuum full things')).toBeNull()
  })

  test('what keeps others from writing for long is told from what takes a moment', () => {
    const long = (statement: string) => locksOf(statement)!.some(blocksForLong)
    expect(long('create index on things (size)')).toBe(true)
    expect(long('create index concurrently a on things (size)')).toBe(false)
    expect(long('alter table things validate constraint sized')).toBe(false)
    expect(long('alter table things alter column name set not null')).toBe(true)
    expect(long('alter table things add column note text')).toBe(false)
  })
})

test('statements are told apart whatever stands in comments, strings and functions', () => {
  const text = `-- a; comment
    create table a (x text default ';', -- another; one
                    y text); /* and; this */
    create function f() returns text language sql as $$ select ';'; $$;
    create function g() returns text language plpgsql as $body$ begin return $$;$$; end $body$;
    update "odd;name" set x = 'it''s; so'`
  expect(splitStatements(text)).toEqual([
    `create table a (x text default ';', y text)`,
    `create function f() returns text language sql as $$ select ';'; $$`,
    `create function g() returns text language plpgsql as $body$ begin return $$;$$; end $body$`,
    `update "odd;name" set x = 'it''s; so'`,
  ])
})

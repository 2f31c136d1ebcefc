import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { splitStatements } from '../../src/platform/sql-statements.ts'
import { forYugabyte, isYugabyte } from '../../src/platform/yugabyte.ts'
import { freshDatabase } from '../support/database.ts'
import { sourceFiles } from '../support/floor-plan.ts'

const document = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'distributed.md'), 'utf8')

/** What SQL may be recognised by, and the row of docs/distributed.md that says what YugabyteDB's documentation says of it. */
const listed: Record<string, RegExp> = {
  upsert: /\bon conflict\b/,
  'recursive query': /\bwith recursive\b/,
  'window function': /\bover \(|\bwindow \w+ as\b/,
  'row lock': /\bfor (?:no key )?(?:update|share)\b|\bskip locked\b/,
  'advisory lock': /\bpg_(?:try_)?advisory_xact_lock\b/,
  'security definer function': /\bsecurity definer\b/,
  'stored generated column': /\bgenerated always as \(/,
  'identity column': /\bas identity\b/,
  'range partition, default partition': /\bpartition (?:by|of)\b|\battach partition\b/,
  'unlogged table': /\bcreate unlogged table\b/,
  'BRIN index': /\busing brin\b/,
  'GIN index': /\busing gin\b/,
  'statement trigger': /\bcreate trigger\b/,
  copy: /\bcopy \$?\{?[("]/,
  'index built concurrently': /\bindex concurrently\b/,
}
/** What its documentation says it does not have, and we do without. */
const unlisted: Record<string, RegExp> = {
  'listen or notify': /\b(?:un)?listen \w+;|\bnotify \w+|\bpg_notify\b/,
  'lock table': /\block table\b/,
  'deferrable constraint': /\bdeferrable\b|\binitially deferred\b|\bset constraints\b/,
  'exclusion constraint': /\bexclude using\b/,
  'constraint trigger': /\bcreate constraint trigger\b/,
  'transition table': /\breferencing (?:old|new) table\b/,
  'GiST index': /\busing (?:gist|spgist|hash)\b/,
  inheritance: /\binherits \(/,
  'transaction id': /\bxmin\b|\btxid_|\bxid8\b|\bpg_current_xact_id\b|\bpg_snapshot\b/,
  XML: /\bxml(?:table|parse|element|agg)\b/,
  merge: /\bmerge into\b/,
  '%type': /%(?:row)?type\b/,
  'event trigger': /\bcreate event trigger\b/,
  rule: /\bcreate (?:or replace )?rule\b/,
  domain: /\bcreate domain\b/,
  extension: /\bcreate extension\b/,
  'session advisory lock': /\bpg_(?:try_)?advisory_lock\b/,
  'two-phase commit': /\bprepare transaction\b/,
}

const texts = sourceFiles('')
  .filter(
    ({ file }) =>
      /\.sql$|queries\.ts$|^platform\/[\w-]+\.ts$/.test(file) && !/^dev\/|statement-locks|yugabyte\.ts/.test(file),
  )
  .map(({ file, text }) => ({
    file,
    text: (file.endsWith('.sql')
      ? splitStatements(text).join(';\n')
      : text.replace(/\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    )
      .replace(/--[^\n]*/g, '')
      .toLowerCase(),
  }))
const found = (features: Record<string, RegExp>, of = texts) =>
  of.flatMap(({ file, text }) =>
    Object.entries(features).flatMap(([feature, pattern]) => (pattern.test(text) ? [`${file}: ${feature}`] : [])),
  )

describe('what the product says to its database is what YugabyteDB’s documentation lists', () => {
  test('no SQL uses what it does not have', () => {
    expect(found(unlisted)).toEqual([])
  })

  test('what is used stands in docs/distributed.md, each with its source, and nothing there is said to have been run', () => {
    const rows = document.split('\n').filter((line) => /^\| (?!Feature|---)/.test(line))
    const used = Object.keys(listed).filter((feature) => found({ [feature]: listed[feature]! }).length > 0)
    expect(used.filter((feature) => !rows.some((row) => row.startsWith(`| ${feature} |`)))).toEqual([])
    expect(Object.keys(listed).filter((feature) => !used.includes(feature))).toEqual([])
    for (const row of rows) expect(row).toMatch(/\[\d\].*\| no \|$/)
    for (const [, number] of document.matchAll(/\[(\d)\](?!\()/g))
      expect(document).toMatch(new RegExp(`\\[${number}\\] \\[`))
  })

  test.each([
    ['listen prices;', 'listen or notify'],
    ['lock table orders in exclusive mode;', 'lock table'],
    [
      'alter table a add constraint b foreign key (c) references d deferrable initially deferred',
      'deferrable constraint',
    ],
    ['select xmin from orders', 'transaction id'],
    ['merge into orders using x on true when matched then delete', 'merge'],
  ])('%s is named with its file', (text, feature) => {
    expect(found(unlisted, [{ file: 'x.sql', text }])).toEqual([`x.sql: ${feature}`])
  })

  test('migrations leave out there what it does not have', () => {
    const adapted = texts
      .filter(({ file }) => file.startsWith('platform/migrations/'))
      .map(({ file, text }) => ({ file, text: forYugabyte(text) }))
    expect(
      found({ 'unlogged table': listed['unlogged table']!, 'BRIN index': listed['BRIN index']! }, adapted),
    ).toEqual([])
    expect(forYugabyte('create index audit_by_day on audit using brin (at);')).toMatch(
      /^create index audit_by_day on audit +\(at\);$/,
    )
  })
})

describe('the migrated schema', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let sql: postgres.Sql
  beforeAll(async () => {
    database = await freshDatabase()
    sql = postgres(database.url, { max: 1, onnotice: () => {} })
  })
  afterAll(async () => {
    await sql.end()
    await database.drop()
  })
  const names = async (query: string) => (await sql.unsafe(query)).map(({ name }) => String(name))

  test('has indexes of the listed kinds only, GIN of one column, and none on types that cannot be indexed there', async () => {
    const kinds = await names(`
      select distinct am.amname as name from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam
      where c.relnamespace = 'public'::regnamespace order by 1`)
    expect(kinds).toEqual(['brin', 'btree', 'gin'])
    const wrong = await names(`
      select c.relname || ': ' || format_type(a.atttypid, null) as name
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam
      join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace
        and (am.amname = 'btree' and (a.atttypid in ('inet'::regtype, 'cidr'::regtype, 'jsonb'::regtype) or a.attndims > 0)
             or am.amname = 'gin' and i.indnatts > 1 or am.amname = 'btree' and c.reloptions is not null)`)
    expect(wrong).toEqual([])
  })

  test('has no deferrable or exclusion constraint, constraint trigger, transition table, inheritance, rule, domain or extension', async () => {
    expect(
      await names(`
        select conrelid::regclass || ': ' || conname as name from pg_constraint
        where connamespace = 'public'::regnamespace and (condeferrable or contype in ('x', 't'))
        union all
        select tgrelid::regclass || ': ' || tgname from pg_trigger
        where not tgisinternal and (tgconstraint <> 0 or tgoldtable is not null or tgnewtable is not null)
        union all
        select i.inhrelid::regclass::text from pg_inherits i join pg_class p on p.oid = i.inhparent where p.relkind = 'r'
        union all
        select c.relname from pg_rewrite r join pg_class c on c.oid = r.ev_class
        where c.relnamespace = 'public'::regnamespace and c.relkind <> 'v'
        union all
        select typname from pg_type where typnamespace = 'public'::regnamespace and typtype not in ('c', 'b')
        union all
        select extname from pg_extension where extname <> 'plpgsql'
        union all
        select evtname from pg_event_trigger`),
    ).toEqual([])
  })

  test('has tables without a log, generated columns and partitions only where docs/distributed.md says so', async () => {
    const special = await names(`
      select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relpersistence = 'u'
      union all
      select attrelid::regclass || '.' || attname from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and attgenerated <> ''
      union all
      select partrelid::regclass::text from pg_partitioned_table`)
    expect(special.length).toBeGreaterThan(0)
    for (const name of special) expect(document).toContain(`\`${name}\``)
  })

  test('has functions in SQL and PL/pgSQL alone, and columns of types that are listed', async () => {
    expect(
      await names(`
        select distinct l.lanname as name from pg_proc p join pg_language l on l.oid = p.prolang
        where p.pronamespace = 'public'::regnamespace order by 1`),
    ).toEqual(['plpgsql', 'sql'])
    const types = await names(`
      select distinct format_type(a.atttypid, null) as name from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped order by 1`)
    const known =
      /^(?:bigint|integer|smallint|boolean|text|character(?: varying)?|uuid|jsonb?|bytea|date|interval|numeric|real|double precision|timestamp with(?:out)? time zone|time without time zone)(?:\[\])?$/
    expect(types.filter((type) => !known.test(type))).toEqual([])
  })

  test('PostgreSQL is not taken for YugabyteDB', async () => {
    expect(await isYugabyte(sql)).toBe(false)
  })
})

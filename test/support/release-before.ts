import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unpackRelease } from '../../src/dev/cluster-trial/release-before.ts'
import type { Sql } from '../../src/platform/db.ts'

const root = join(import.meta.dirname, '..', '..')

/** What a database of the release before had for its processes, a line each, under a head that names that release. */
export const listFile = join(root, 'test', 'platform', 'release-before.txt')

/** The tag or commit of the release before, whose processes work on a database of this one. */
export function releaseBefore(): string {
  return /^# Release: (\S+)$/m.exec(readFileSync(listFile, 'utf8'))![1]!
}

/** Its lines. */
export function linesBefore(): string[] {
  return readFileSync(listFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** The newest tag before what is checked out; null where there are none, or the history is not here. */
export function newestTag(): string | null {
  return git('describe', '--tags', '--abbrev=0', 'HEAD^')?.toString().trim() ?? null
}

/** Whether the history of this clone holds a commit. */
export const hasCommit = (name: string) => git('cat-file', '-e', `${name}^{commit}`) !== null

/** The libraries that a release runs with and that `npm ci` installs here no more, in this version. */
export function missingLibraries(name: string): string[] {
  const [theirs, ours] = [
    String(git('show', `${name}:package.json`)),
    readFileSync(join(root, 'package.json'), 'utf8'),
  ].map((text) => JSON.parse(text))
  const here: Record<string, string> = { ...ours.dependencies, ...ours.devDependencies }
  return Object.entries<string>(theirs.dependencies)
    .filter(([library]) => !(library in here))
    .map(([library, version]) => `${library}@${version}`)
}

/** A release as its tag or commit has it, in a folder of its own, with our modules. */
export function checkOut(name: string): { folder: string; remove: () => void } {
  const home = mkdtempSync(join(tmpdir(), 'etf-release-before-'))
  return { folder: unpackRelease(name, join(home, name)), remove: () => rmSync(home, { recursive: true, force: true }) }
}

function git(...words: string[]): Buffer | null {
  try {
    return execFileSync('git', words, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return null
  }
}

/**
 * What processes read, write and call in a database: its functions, columns and constraints, a line each. What has a comment that
 * begins with `For the release before` stands there for its processes alone, and what has one that begins with `The release before`
 * was found to be harmless for them.
 */
export async function catalogue(sql: Sql): Promise<{ line: string; comment: string }[]> {
  return sql<{ line: string; comment: string }[]>`
    select line, coalesce(comment, '') as comment from (
      select 'function ' || proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'
             || case when pronargdefaults > 0 then ' last ' || pronargdefaults || ' optional' else '' end
             || ' returns ' || coalesce(pg_get_function_result(p.oid), 'nothing') as line,
             obj_description(p.oid, 'pg_proc') as comment
      from pg_proc p
      where pronamespace = current_schema()::regnamespace and prorettype <> 'trigger'::regtype
        and not exists (select from pg_depend where objid = p.oid and deptype = 'e')
      union all
      select 'column ' || c.relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
             || case when attnotnull and not (atthasdef or attidentity <> '') then ' required'
                     when attnotnull then ' not null' else '' end,
             coalesce(col_description(c.oid, attnum), case when attnum > 0 then obj_description(c.oid, 'pg_class') end)
      from pg_class c join pg_attribute a on attrelid = c.oid and attnum > 0 and not attisdropped
      where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
      union all
      select 'constraint ' || c.relname || ' ' || pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint')
      from pg_constraint k join pg_class c on c.oid = k.conrelid and not c.relispartition
      where c.relnamespace = current_schema()::regnamespace and contype in ('c', 'f', 'u', 'p', 'x')
      union all
      select 'unique ' || c.relname || ' ' || regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', ''),
             obj_description(indexrelid, 'pg_class')
      from pg_index i join pg_class c on c.oid = i.indrelid and not c.relispartition
      where c.relnamespace = current_schema()::regnamespace and indisunique
        and not exists (select from pg_constraint where conindid = indexrelid)
    ) lines
    order by line collate "C"
  `
}

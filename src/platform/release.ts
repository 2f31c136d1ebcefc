import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type postgres from 'postgres'

const source = join(import.meta.dirname, '..')
const migrations = join(import.meta.dirname, 'migrations')
const revisions = join(import.meta.dirname, 'function-revisions.txt')

/**
 * Processes from this revision of the functions on still work on a database that this release has migrated. When something is
 * dropped that earlier processes read, write or call, raise it to the first revision that no longer does.
 */
const servesFrom = 1

/** A checkout's numbered migrations, and the text of all its functions with the number of their revision. */
export type Release = { migrations: string[]; functions: string; digest: string; revision: number }

/** What the database records of the functions it holds. */
export type FunctionsMarker = { revision: number; servesFrom: number; digest: string }

/**
 * How a process's release compares with its database: `current`; `database-behind`, to be migrated; `older-than-database`, a
 * newer release migrated it and this one still works on it; `incompatible`, this one does not.
 */
export type ReleaseCompatibility = 'current' | 'database-behind' | 'older-than-database' | 'incompatible'

export type Comparison = {
  compatibility: ReleaseCompatibility
  /** Migrations of this release that were not applied yet. */
  missing: string[]
  functionsDiffer: boolean
  /** What makes the database newer than this release, for people to read. */
  newer: string[]
}

/** The release that this checkout is. */
export async function readRelease(): Promise<Release> {
  const files = (await readdir(source, { recursive: true }))
    .filter((name) => name.endsWith('.sql') && !name.includes('migrations'))
    .sort()
  const functions = (await Promise.all(files.map((name) => readFile(join(source, name), 'utf8')))).join('\n')
  return {
    migrations: (await readdir(migrations)).filter((name) => name.endsWith('.sql')).sort(),
    functions,
    digest: createHash('sha256').update(functions).digest('hex'),
    revision: (await listRevisions()).length,
  }
}

/** The digest of every revision of the functions so far; a revision's number is its place in this list, from 1. */
export async function listRevisions(): Promise<string[]> {
  return (await readFile(revisions, 'utf8')).split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line))
}

/** The text of one of this checkout's migrations. */
export function readMigration(name: string): Promise<string> {
  return readFile(join(migrations, name), 'utf8')
}

/** Compares a checkout with what the table `migrations` of a database names. */
export function compareRelease(release: Release, applied: readonly string[]): Comparison {
  const marker = markerIn(applied)
  const known = new Set(release.migrations)
  const there = new Set(applied)
  const missing = release.migrations.filter((name) => !there.has(name))
  const newer = applied.filter((name) => !isMarker(name) && !known.has(name))
  if (marker && marker.revision > release.revision)
    newer.push(`functions of revision ${marker.revision}, here ${release.revision}`)
  const functionsDiffer = marker?.digest !== release.digest
  return { compatibility: compatibility(), missing, functionsDiffer, newer }

  function compatibility(): ReleaseCompatibility {
    if (newer.length === 0) return missing.length > 0 || functionsDiffer ? 'database-behind' : 'current'
    // Without one of its tables this release cannot serve, whatever the newer one's marker allows.
    return missing.length > 0 || release.revision < (marker?.servesFrom ?? 0) ? 'incompatible' : 'older-than-database'
  }
}

/** Compares a checkout with a database, which may be empty. `sql` is any connection, also a transaction's. */
export async function compareDatabase(sql: postgres.ISql, release: Release): Promise<Comparison> {
  const [found] = await sql<{ there: boolean }[]>`select to_regclass('migrations') is not null as there`
  return compareRelease(release, found!.there ? await readApplied(sql) : [])
}

/** How this checkout compares with the database now. `sql` is any connection that may read `migrations`. */
export async function readCompatibility(sql: postgres.ISql, release: Release): Promise<ReleaseCompatibility> {
  return compareRelease(release, await readApplied(sql)).compatibility
}

async function readApplied(sql: postgres.ISql): Promise<string[]> {
  return (await sql<{ name: string }[]>`select name from migrations`).map(({ name }) => name)
}

/** How the table `migrations` names this checkout's functions. */
export function markerOf({ revision, digest }: Release): string {
  return `functions ${revision} serves ${servesFrom} ${digest}`
}

/** Which functions a database holds, from the names in its table `migrations`; null: none of ours. */
export function markerIn(applied: readonly string[]): FunctionsMarker | null {
  for (const name of applied) {
    // Before revisions were numbered it held the digest alone.
    const [found, revision = 0, from = 0, digest] =
      /^functions (?:(\d+) serves (\d+) )?([0-9a-f]{64})$/.exec(name) ?? []
    if (found) return { revision: Number(revision), servesFrom: Number(from), digest: digest! }
  }
  return null
}

/** Whether a name in the table `migrations` is about the functions and not a numbered migration. */
function isMarker(name: string): boolean {
  return name.startsWith('functions ')
}

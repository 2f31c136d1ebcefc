import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrivately } from './account.ts'
import type { Binaries } from './binaries.ts'
import type { Place } from './place.ts'
import { processesRunning, signalProcess } from './processes.ts'
import { run } from './run.ts'

/** Creates the cluster unless there is a complete one. Returns its password. */
export async function ensureCluster(place: Place, binaries: Binaries, log: (line: string) => void): Promise<string> {
  if (existsSync(place.cluster)) {
    if (isWhole(place.cluster)) return passwordOf(place, await majorOf(place.cluster), binaries.major)
    const aside = `${place.cluster}.broken-${Date.now()}`
    log(`the database in ${place.cluster} is incomplete; keeping it as ${aside} and starting afresh`)
    await rename(place.cluster, aside)
  }
  log('creating the database (once)')
  return create(place, binaries)
}

/** The password that was generated with the cluster, or null before there is one. */
export async function readPassword(home: string): Promise<string | null> {
  const text = await readFile(passwordFile(home), 'utf8').catch(() => '')
  return text.trim() || null
}

// The cluster is created under another name and renamed at the end, so that one under its own name is complete.
async function create(place: Place, binaries: Binaries): Promise<string> {
  await clearUnfinished(place)
  const unfinished = `${place.cluster}.${randomBytes(4).toString('hex')}.part`
  await mkdir(unfinished, { mode: 0o700 })
  if (place.account) await chown(unfinished, place.account.uid, place.account.gid)
  const password = await writePassword(place)
  await run(binaries.initdb, {
    args: [
      `--pgdata=${unfinished}`,
      '--username=postgres',
      `--pwfile=${passwordFile(place.home)}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--text-search-config=english',
      '--no-instructions',
    ],
    place,
  })
  await rename(unfinished, place.cluster)
  return password
}

// The initdb of a killed start goes on writing; hence the kill, and a new name for every attempt.
async function clearUnfinished(place: Place): Promise<void> {
  for (const pid of processesRunning(`--pgdata=${place.cluster}.`)) signalProcess(pid, 'SIGKILL')
  for (const name of await readdir(place.home)) {
    if (!name.startsWith('cluster.') || !name.endsWith('.part')) continue
    await rm(join(place.home, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
  }
}

async function writePassword(place: Place): Promise<string> {
  // An existing password stays, so that a cluster that was set aside can still be opened.
  const password = (await readPassword(place.home)) ?? randomBytes(24).toString('base64url')
  const file = passwordFile(place.home)
  await writePrivately(file, `${password}\n`, place.account)
  return password
}

async function passwordOf(place: Place, clusterMajor: number, major: number): Promise<string> {
  if (clusterMajor !== major) {
    throw new Error(
      `The embedded database in ${place.cluster} was made by PostgreSQL ${clusterMajor}, and this version brings PostgreSQL ` +
        `${major}. Move that folder away to start with an empty database, or set DATABASE_URL to a PostgreSQL of your own.`,
    )
  }
  const password = await readPassword(place.home)
  if (password) return password
  throw new Error(
    `The password of the embedded database is missing: ${passwordFile(place.home)}. Put the file back, or move ` +
      `${place.cluster} away to start with an empty database.`,
  )
}

/** Whether the cluster has the files that every cluster has. */
export function isWhole(cluster: string): boolean {
  return existsSync(join(cluster, 'PG_VERSION')) && existsSync(join(cluster, 'global', 'pg_control'))
}

async function majorOf(cluster: string): Promise<number> {
  return Number.parseInt(await readFile(join(cluster, 'PG_VERSION'), 'utf8'), 10)
}

function passwordFile(home: string): string {
  return join(home, 'password')
}

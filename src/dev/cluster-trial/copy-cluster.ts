import { chown, copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type postgres from 'postgres'
import { type Account, writePrivately } from '../embedded-postgres/account.ts'
import { hasCode } from '../embedded-postgres/place.ts'
import { beginCopy, endCopy } from './queries.ts'

/** Their contents belong to the server that runs; a replica fetches the log (pg_wal) over its connection. */
const leftEmpty = /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\//
const leftOut = /^(postmaster\.(pid|opts)|standby\.signal|backup_label.*)$|(^|\/)pgsql_tmp/
/** Must be the last: what it says is true of all the others. */
const controlFile = 'global/pg_control'

/**
 * Makes `to` a replica's data folder out of that of a running primary, as pg_basebackup does, which the embedded binaries are
 * without; the server has to be told to follow when it is started. What was there is removed. `primary`: one connection of a superuser,
 * alone.
 */
export async function copyCluster(
  { primary, from, to }: { primary: postgres.Sql; from: string; to: string },
  account: Account | null,
): Promise<void> {
  const give = async (path: string) => {
    if (account) await chown(path, account.uid, account.gid)
  }
  await rm(to, { recursive: true, force: true })
  await mkdir(to, { mode: 0o700 })
  await give(to)
  await beginCopy(primary)
  const entries = await readdir(from, { recursive: true, withFileTypes: true })
  const paths = entries.map((entry) => ({
    path: join(entry.parentPath, entry.name).slice(from.length + 1),
    isFolder: entry.isDirectory(),
  }))
  for (const { path } of paths.filter(({ isFolder }) => isFolder)) {
    if (leftOut.test(path)) continue
    await mkdir(join(to, path), { recursive: true, mode: 0o700 })
    await give(join(to, path))
  }
  const copy = async (path: string) => {
    try {
      await copyFile(join(from, path), join(to, path))
      await give(join(to, path))
    } catch (error) {
      // Dropped meanwhile; what is missing is in the log.
      if (!hasCode(error, 'ENOENT')) throw error
    }
  }
  for (const { path, isFolder } of paths)
    if (!isFolder && path !== controlFile && !leftEmpty.test(path) && !leftOut.test(path)) await copy(path)
  await copy(controlFile)
  await writePrivately(join(to, 'backup_label'), await endCopy(primary), account)
}

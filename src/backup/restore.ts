import { open } from 'node:fs/promises'
import { migrate } from '../platform/migrate.ts'
import { restoreOwnDump } from './own-restore.ts'
import { pgRestore } from './pg-tools.ts'
import { closeSession, isEmpty, lookAtOrdersAgain, openSession, removeEverything } from './queries.ts'

/** A database that holds something is not written over by mistake. */
export class NotEmpty extends Error {
  override name = 'NotEmpty'
}

/** Restores a backup of either kind and brings it to this release. Throws NotEmpty unless told to overwrite. */
export async function restore(given: {
  file: string
  into: string
  overwrite: boolean
  pgDump: string | null
}): Promise<void> {
  const { file, into, overwrite } = given
  const session = await openSession(into, 'snapshot')
  const empty = await isEmpty(session).finally(() => closeSession(session, 'rollback'))
  if (!empty && !overwrite) throw new NotEmpty('There are tables in that database already.')
  if (await isPgDump(file)) {
    if (!empty) await emptied(into)
    await pgRestore({ restore: given.pgDump?.replace(/pg_dump$/, 'pg_restore') ?? 'pg_restore' }, file, into)
  } else await restoreOwnDump(file, into, !empty)
  await migrate(into)
}

/** After a restore to an earlier time: see lookAtOrdersAgain. Returns how many orders will be asked about. */
export async function lookAgain(into: string, days: number): Promise<number> {
  const session = await openSession(into, 'write')
  try {
    const orders = await lookAtOrdersAgain(session, days)
    await closeSession(session, 'commit')
    return orders
  } catch (error) {
    await closeSession(session, 'rollback').catch(() => {})
    throw error
  }
}

async function emptied(into: string): Promise<void> {
  const session = await openSession(into, 'write')
  await removeEverything(session).then(
    () => closeSession(session, 'commit'),
    async (error) => {
      await closeSession(session, 'rollback')
      throw error
    },
  )
}

async function isPgDump(file: string): Promise<boolean> {
  const handle = await open(file, 'r')
  try {
    return (await handle.read(Buffer.alloc(5), 0, 5, 0)).buffer.toString('latin1') === 'PGDMP'
  } finally {
    await handle.close()
  }
}

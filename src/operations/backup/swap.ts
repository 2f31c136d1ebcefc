import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { withDatabaseName } from '../../platform/database-address.ts'
import { type Connection, openConnection, withConnection } from './connection-queries.ts'
import {
  createLike,
  dropDatabase,
  dropDatabaseByForce,
  endConnections,
  findDatabase,
  listConnections,
  listDatabases,
  renameBoth,
} from './database-queries.ts'

export type Swap = {
  /** The database to be replaced. */
  into: string
  name: string
  /** End the connections of others instead of refusing. */
  endConnections: boolean
  /** Fills and checks the new database; when it throws, everything stays as it was. */
  fill: (url: string) => Promise<void>
  log: (line: string) => void
}

/**
 * Makes a database beside the one to be replaced, has it filled and checked, and swaps the names of the two in one
 * transaction, so that a kill at any moment leaves either the old or the new one in place. A half-filled one is removed by
 * the next restore.
 * @returns the name under which the old database stays. When it throws, nothing was changed, unless it throws Unclear.
 */
export async function replaceDatabase(swap: Swap): Promise<string> {
  const server = await openServer(swap.into)
  try {
    await refuseUsers(server, swap)
    await removeAbandoned(server, swap)
    const staging = `${stem(swap.name)}_restoring_${randomBytes(4).toString('hex')}`
    await createLike(server, staging, swap.name)
    try {
      await fillGuarded(swap, staging)
      await refuseUsers(server, swap)
      return await swapNames(server, swap, staging)
    } catch (error) {
      await dropDatabaseByForce(server, staging).catch(() =>
        swap.log(`▸ ${staging} is left behind; the next restore removes it`),
      )
      throw error
    }
  } finally {
    await server.end({ timeout: 5 })
  }
}

/** A connection to another database, from which the two can be renamed. */
async function openServer(into: string): Promise<Connection> {
  for (const name of ['postgres', 'template1']) {
    const opened = await openConnection(withDatabaseName(into, name), 'etf-restore').catch(() => null)
    if (opened) return opened
  }
  throw new Error(
    'this account may connect neither to the database postgres nor to template1, from where databases are renamed. ' +
      'Make an empty database, restore into that one, and let DATABASE_URL name it',
  )
}

async function refuseUsers(server: Connection, { name, endConnections }: Swap): Promise<void> {
  const users = await listConnections(server, name)
  if (users.length === 0 || endConnections) return
  throw new Error(
    `${name} is in use: ${users.length === 1 ? 'one connection' : `${users.length} connections`} ` +
      `(${[...new Set(users)].join(', ')}). Stop the site first, or say --end-connections`,
  )
}

/** Removes the databases of killed restores. One that still runs is connected to its database. */
async function removeAbandoned(server: Connection, { name, log }: Swap): Promise<void> {
  for (const abandoned of await listDatabases(server, `${stem(name)}_restoring_`)) {
    if ((await listConnections(server, abandoned)).length > 0)
      throw new Error(`another restore into ${name} is under way (its database is ${abandoned})`)
    await dropDatabase(server, abandoned)
    log(`▸ removed ${abandoned}, which a restore left half filled`)
  }
}

/** Holds a connection to the new database while it is filled, so that no other restore takes it for abandoned. */
async function fillGuarded({ into, fill }: Swap, staging: string): Promise<void> {
  const url = withDatabaseName(into, staging)
  await withConnection(url, 'etf-restore', () => fill(url))
}

async function swapNames(server: Connection, swap: Swap, staging: string): Promise<string> {
  const now = new Date().toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15)
  const names = { live: swap.name, kept: `${stem(swap.name)}_before_${now}`, staging }
  const filled = await findDatabase(server, staging)
  const renaming = new AbortController()
  let endingFailure = ''
  const ending = swap.endConnections
    ? endUntil(renaming.signal, swap).catch((error: Error) => {
        endingFailure = error.message
      })
    : Promise.resolve()
  try {
    await renameBoth(server, names)
  } catch (error) {
    // The answer may have been lost after the commit, so the server is asked.
    if (await isSwapped(swap, filled)) return names.kept
    if (endingFailure !== '')
      throw new Error(`connections to ${swap.name} could not be ended: ${endingFailure}. Stop the site first`)
    if ((error as { code?: string }).code === '55006')
      throw new Error(
        `somebody is connected to ${swap.name} or just came. Stop the site first, or say --end-connections`,
      )
    throw error
  } finally {
    renaming.abort()
    await ending
  }
  return names.kept
}

/** A site's pools reconnect at once until the rename locks the database, so connections are ended repeatedly. */
async function endUntil(done: AbortSignal, { into, name }: Swap): Promise<void> {
  const server = await openServer(into)
  try {
    while (!done.aborted) {
      await endConnections(server, name)
      await pause(100, undefined, { signal: done }).catch(() => {})
    }
  } finally {
    await server.end({ timeout: 5 })
  }
}

async function isSwapped({ into, name }: Swap, filled: number | null): Promise<boolean> {
  const server = await openServer(into).catch(() => {
    throw new Unclear(
      'the connection was lost while the databases changed names. Both are there: the one without “_before_” or “_restoring_” in its name is in use',
    )
  })
  try {
    return filled !== null && (await findDatabase(server, name)) === filled
  } finally {
    await server.end({ timeout: 5 })
  }
}

/** Something was changed, or may have been; the message says what to check. */
export class Unclear extends Error {
  override name = 'Unclear'
}

/** PostgreSQL cuts names after 63 bytes. */
function stem(name: string): string {
  return name.slice(0, 30)
}

import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Connection,
  createLike,
  dropDatabase,
  dropDatabaseByForce,
  endConnections,
  findDatabase,
  listConnections,
  listDatabases,
  openConnection,
  renameBoth,
} from './swap-queries.ts'

export type Swap = {
  /** The database to be replaced. */
  into: string
  name: string
  /** End the connections of whoever uses it, in place of refusing. */
  endConnections: boolean
  /** Fills and checks the new database; what it throws leaves everything as it was. */
  fill: (url: string) => Promise<void>
  say: (line: string) => void
}

/**
 * Makes a database beside the one to be replaced, has it filled and checked, and lets the two change names in one
 * transaction, so that a kill at any moment leaves either the old one in its place or the new one. A new one that was
 * left half filled is removed by the next restore.
 * @returns the name under which the old database is kept. Throws when nothing was changed.
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
      return await changeNames(server, swap, staging)
    } catch (error) {
      await dropDatabaseByForce(server, staging).catch(() =>
        swap.say(`▸ ${staging} is left behind; the next restore removes it`),
      )
      throw error
    }
  } finally {
    await server.end({ timeout: 5 })
  }
}

/** The address of another database on the same server. */
function besides(url: string, name: string): string {
  return Object.assign(new URL(url), { pathname: `/${encodeURIComponent(name)}` }).href
}

/** A connection from which databases can be renamed: to none of them. */
async function openServer(into: string): Promise<Connection> {
  for (const name of ['postgres', 'template1']) {
    const opened = await openConnection(besides(into, name)).catch(() => null)
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

/** What a restore left that was killed. One that still works is connected to its database. */
async function removeAbandoned(server: Connection, { name, say }: Swap): Promise<void> {
  for (const abandoned of await listDatabases(server, `${stem(name)}_restoring_`)) {
    if ((await listConnections(server, abandoned)).length > 0)
      throw new Error(`another restore into ${name} is under way (its database is ${abandoned})`)
    await dropDatabase(server, abandoned)
    say(`▸ removed ${abandoned}, which a restore left half filled`)
  }
}

/** While it is filled, a connection of ours shows that it is not abandoned. */
async function fillGuarded({ into, fill }: Swap, staging: string): Promise<void> {
  const url = besides(into, staging)
  const guard = await openConnection(url)
  try {
    await fill(url)
  } finally {
    await guard.end({ timeout: 5 })
  }
}

async function changeNames(server: Connection, swap: Swap, staging: string): Promise<string> {
  const now = new Date().toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15)
  const names = { live: swap.name, kept: `${stem(swap.name)}_before_${now}`, staging }
  const filled = await findDatabase(server, staging)
  const changing = new AbortController()
  let hindered = ''
  const ending = swap.endConnections
    ? endUntil(changing.signal, swap).catch((error: Error) => {
        hindered = error.message
      })
    : Promise.resolve()
  try {
    await renameBoth(server, names)
  } catch (error) {
    // The answer may have been lost after the commit: the server knows.
    if (await isDone(swap, filled)) return names.kept
    if (hindered !== '')
      throw new Error(`connections to ${swap.name} could not be ended: ${hindered}. Stop the site first`)
    if ((error as { code?: string }).code === '55006')
      throw new Error(
        `somebody is connected to ${swap.name} or just came. Stop the site first, or say --end-connections`,
      )
    throw error
  } finally {
    changing.abort()
    await ending
  }
  return names.kept
}

/** The pools of a site come back at once, until the renaming holds the door shut. */
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

async function isDone({ into, name }: Swap, filled: number | null): Promise<boolean> {
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

/** Whether anything was changed is not known, or something was; the message says what to look at. */
export class Unclear extends Error {
  override name = 'Unclear'
}

/** Names of PostgreSQL end after 63 bytes. */
function stem(name: string): string {
  return name.slice(0, 30)
}

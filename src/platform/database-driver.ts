import postgres from 'postgres'
import { type DatabaseAddress, readDatabaseAddress, type Server } from './database-address.ts'
import { databaseSockets, type ServerChoice } from './database-sockets.ts'
import { primaryAmong, type ServerState } from './primary-server.ts'

type Options = postgres.Options<Record<string, postgres.PostgresType>>

/**
 * The driver for this address, with a pool of `max` connections and its sockets. Everything that speaks to the database goes
 * through here, so that every form of address means the same everywhere. Lazy: no connection is made yet. Throws AddressProblem.
 */
export function openDriver(url: string, options: Options & { max: number }) {
  const address = readDatabaseAddress(url)
  const sockets = databaseSockets(address, choiceOf(address))
  return { sql: driverOn(address, sockets, options), sockets }
}

/**
 * One connection, on which also several statements may follow each other: for commands. It has no limits of time, unless a pooler
 * keeps it from saying so. Throws AddressProblem.
 */
export function openOneConnection(url: string, name: string, settings: Record<string, string> = {}): postgres.Sql {
  const connection: Record<string, string> = { application_name: name, statement_timeout: '0', ...settings }
  return openDriver(url, { max: 1, prepare: false, connect_timeout: 10, max_lifetime: null, connection }).sql
}

function driverOn(
  address: DatabaseAddress,
  sockets: ReturnType<typeof databaseSockets>,
  options: Options & { max: number },
): postgres.Sql {
  const { user, password, database, connectTimeout, settings, pooled } = address
  const [{ port }] = address.servers
  return postgres({
    user,
    password,
    database,
    ssl: false,
    fetch_types: false,
    onnotice: () => {},
    // Values of these types are missing in the driver's description of its options; host and port are for its messages only.
    ...({ socket: sockets.open, host: [address.servers.map(({ host }) => host).join(',')], port: [port] } as object),
    ...options,
    prepare: !pooled && options.prepare !== false,
    ...(connectTimeout === null ? {} : { connect_timeout: connectTimeout }),
    // A pooler refuses what it cannot set for one client alone: there the role has the limits of time.
    connection: pooled
      ? { application_name: settings.application_name ?? options.connection?.application_name }
      : { ...options.connection, ...settings },
  }) as postgres.Sql
}

function choiceOf(address: DatabaseAddress): ServerChoice {
  const [first, ...others] = address.servers
  // With one address nobody has to be asked first: its greeting tells.
  if (others.length === 0) return { find: async () => first, forget: () => {} }
  return primaryAmong(address.servers, (server) => askState(address, server))
}

async function askState(address: DatabaseAddress, server: Server): Promise<ServerState> {
  const alone: DatabaseAddress = { ...address, servers: [server], connectTimeout: 2 }
  const sockets = databaseSockets(alone, choiceOf(alone))
  const sql = driverOn(alone, sockets, { max: 1, connection: { application_name: 'etf-choice' } })
  try {
    const [row] = await sql<{ writes: boolean }[]>`
      select current_setting('default_transaction_read_only') = 'off' as writes
    `
    // Not every provider lets it be read; then of two the first named is used.
    const [read] = await sql<{ timeline: number }[]>`
      select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as timeline
    `.catch(() => [])
    return { writes: row!.writes, timeline: read?.timeline ?? 0 }
  } finally {
    sql.end({ timeout: 0 }).catch(() => {})
  }
}

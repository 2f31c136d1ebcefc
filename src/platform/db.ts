import postgres from 'postgres'

/** A pool of connections. Each change of state is one statement on it: there is no `begin` outside migrations. */
export type Sql = postgres.Sql<Record<string, never>>

/** The database could not answer in time; shown to people as "not available", never as "it did not happen". */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable'
}

const deadlineMs = 5_000

/**
 * Opens a pool (lazily: no connection is made here). Timeouts are set on the server and once more on our side,
 * because a frozen server never enforces its own. `bigint` arrives as a number when it is safe, else it throws.
 */
export function connect(url: string, options: { max: number; name?: string; deadline?: number }): Sql {
  const sql = postgres(url, {
    max: options.max,
    fetch_types: false,
    connect_timeout: 3,
    idle_timeout: 300,
    max_lifetime: 1800,
    backoff: () => 0.1 + Math.random() * 0.4,
    onnotice: () => {},
    transform: { column: { from: postgres.toCamel, to: postgres.fromCamel } },
    types: { bigint: { to: 20, from: [20], serialize: String, parse: safeInteger } },
    connection: {
      application_name: options.name ?? 'etf-web',
      statement_timeout: 4_000,
      lock_timeout: 2_000,
      idle_in_transaction_session_timeout: 5_000,
    },
  }) as unknown as Sql
  return bounded(sql, options.deadline ?? deadlineMs)
}

/** Whether the database answers a question at all. Never throws. */
export async function answers(sql: Sql): Promise<boolean> {
  return sql`select 1`.then(
    () => true,
    () => false,
  )
}

/** The name of the unique or check constraint that refused a row, told by its name in the migration. */
export function violates(error: unknown, constraint: string): boolean {
  return (error as { constraint_name?: string } | null)?.constraint_name === constraint
}

/** True for errors that mean "the database cannot be reached or answer now" rather than "the statement is wrong". */
export function isDatabaseDown(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  return (
    /^(CONNECT|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|08|53|55|57|25006|40)/.test(code) || downCodes.has(code)
  )
}

const downCodes = new Set(['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT'])

function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('a bigint from the database does not fit a number')
  return value
}

/** Wraps every query so that waiting for it ends after `ms`, whatever the pool or the server is doing. */
function bounded(sql: Sql, ms: number): Sql {
  return new Proxy(sql, {
    apply(target, self, args) {
      const result: unknown = Reflect.apply(target as never, self, args)
      return isQuery(result) ? withDeadline(result, ms) : result
    },
  })
}

type Query = Promise<unknown> & { cancel(): void; state?: unknown; execute(): unknown }

function isQuery(value: unknown): value is Query {
  return value instanceof Promise && typeof (value as Partial<Query>).cancel === 'function'
}

function withDeadline(query: Query, ms: number): Query {
  const start = query.then.bind(query) as Query['then']
  const settled = () =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // A query still waiting for a connection is taken out of the queue. One that was sent is left to the server's
        // own timeout: the driver's cancel opens a connection whose failure nobody could catch.
        if (!query.state) query.cancel()
        reject(new DatabaseUnavailable('The database did not answer in time.'))
      }, ms)
      start(
        (rows) => {
          clearTimeout(timer)
          resolve(rows)
        },
        (error) => {
          clearTimeout(timer)
          reject(error)
        },
      )
    })
  // biome-ignore lint/suspicious/noThenProperty: a driver's query runs when it is awaited, so this is the place to bound it.
  query.then = ((ok: never, fail: never) => settled().then(ok, fail)) as Query['then']
  return query
}

import { AsyncLocalStorage } from 'node:async_hooks'
import postgres from 'postgres'
import { boundedQueue, type Turn } from './bounded-queue.ts'
import { databaseSockets } from './database-sockets.ts'

/** A pool of connections. Each change of state is one statement on it: there is no `begin` outside migrations. */
export type Sql = postgres.Sql<Record<string, never>>

/**
 * The database could not answer; shown to people as "not available", never as "it did not happen". With a `cause` the line
 * to it broke, without one nobody waited any longer.
 */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable'
}

const deadlineMs = 5_000
/** For each connection so many statements may wait for their turn; more would not be served in time anyway. */
const waitingPerConnection = 100

/**
 * Opens a pool (lazily: no connection is made here). Timeouts are set on the server and once more on our side,
 * because a frozen server never enforces its own. `bigint` arrives as a number when it is safe, else it throws.
 */
export function connect(url: string, options: { max: number; name?: string; deadline?: number }): Sql {
  const sockets = databaseSockets()
  const sql = postgres(url, {
    max: options.max,
    // A value of this type is missing in the driver's description of its options.
    ...({ socket: sockets.open } as object),
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
  return bounded(sql, { ...options, ms: options.deadline ?? deadlineMs, sockets })
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

/**
 * True for errors that mean "the database cannot be reached or answer now" rather than "the statement is wrong". No list of
 * what can happen to a connection is complete, so all of that is DatabaseUnavailable; the rest is told by SQLSTATE.
 */
export function isDatabaseDown(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  return /^(08|28|3D|53|55|57|58|25006|40)/.test(code)
}

function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('a bigint from the database does not fit a number')
  return value
}

const goesFirst = new AsyncLocalStorage<boolean>()

/**
 * The statements that this (asynchronous) work awaits, and those of what it starts, go before all others that wait for a
 * connection: what brings money is stored and settled while pages queue. They still wait for statements that were sent.
 */
export function first<T>(work: () => T): T {
  return goesFirst.run(true, work)
}

type Bounds = { max: number; ms: number; sockets: ReturnType<typeof databaseSockets> }

/**
 * Wraps every query so that waiting for it ends after `ms`, whatever the pool or the server is doing. The driver is
 * handed one statement per connection; the others wait here, where they can be taken out again, and not too many.
 */
function bounded(sql: Sql, { max, ms, sockets }: Bounds): Sql {
  const line = boundedQueue(max, max * waitingPerConnection)

  /** Hands it to the driver; done when the driver is, or when the connection was silent for so long that it was closed. */
  function hand(start: Query['then'], tell: Settling, done: (afterMs: number) => void): void {
    if (sockets.isOneGoing()) return void setImmediate(hand, start, tell, done)
    const before = sockets.moment()
    const silence = setTimeout(() => {
      sockets.closeSilentSince(before)
      done(brokenForMs)
    }, ms)
    const fail = (reason: unknown) => {
      clearTimeout(silence)
      const error = isBrokenLine(reason)
        ? new DatabaseUnavailable('The line to the database broke.', { cause: reason })
        : reason
      tell.reject(error)
      // A connection that broke needs a moment to be gone; what the driver is handed before that is lost.
      done(isDatabaseDown(error) ? brokenForMs : 0)
      // Nobody is there: who waits would only wait for the same news.
      if (isNobodyThere(reason)) line.dismiss(new DatabaseUnavailable('The database is away.', { cause: reason }))
    }
    start((rows) => {
      if (!wasExecuted(rows))
        return fail(new DatabaseUnavailable('The connection broke before the statement was sent.'))
      clearTimeout(silence)
      tell.resolve(rows)
      done(0)
    }, fail)
  }

  function run(start: Query['then']): Promise<unknown> {
    const { promise, ...settling } = Promise.withResolvers<unknown>()
    const timer = setTimeout(() => {
      // What waits is taken out. What was sent may still take effect: "not available" never means "it did not happen".
      line.giveUp(turn)
      settling.reject(new DatabaseUnavailable('The database did not answer in time.'))
    }, ms)
    const told = (tell: (value: unknown) => void) => (value: unknown) => {
      clearTimeout(timer)
      tell(value)
    }
    const tell = { resolve: told(settling.resolve), reject: told(settling.reject) }
    const done = (afterMs: number) => void (afterMs ? setTimeout(() => line.leave(turn), afterMs) : line.leave(turn))
    const turn: Turn = { go: () => hand(start, tell, done), dismiss: tell.reject }
    if (!line.enter(turn, { first: goesFirst.getStore() === true }))
      tell.reject(new DatabaseUnavailable('Too many statements wait for the database.'))
    return promise
  }

  return new Proxy(sql, {
    apply(target, self, args) {
      const result: unknown = Reflect.apply(target as never, self, args)
      return isQuery(result) ? runningThrough(result, run) : result
    },
  })
}

type Settling = { resolve: (rows: unknown) => void; reject: (error: unknown) => void }

/** Where a connection breaks, the driver may call a statement done that it never sent; one that ran names its command. */
function wasExecuted(rows: unknown): boolean {
  return (rows as { command?: unknown } | null)?.command !== null
}

const brokenForMs = 20

/**
 * What comes from the driver and is neither an answer of the server nor a complaint about the statement happened to the
 * connection: any error number of connect, send or look-up, any trouble of TLS.
 */
function isBrokenLine(reason: unknown): boolean {
  const { name, code } = (reason ?? {}) as { name?: unknown; code?: unknown }
  const isComplaint = reason instanceof TypeError || reason instanceof RangeError || complaints.has(String(code))
  return typeof code === 'string' && name !== 'PostgresError' && !isComplaint
}

const complaints = new Set(
  'UNDEFINED_VALUE NOT_TAGGED_CALL MAX_PARAMETERS_EXCEEDED UNSAFE_TRANSACTION COPY_IN_PROGRESS MESSAGE_NOT_SUPPORTED'.split(
    ' ',
  ),
)

/** Not where we ran out of files or ports ourselves: who waits is served by the connections that stand. */
function isNobodyThere(reason: unknown): boolean {
  const { code } = (reason ?? {}) as { code?: unknown }
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EACCES|EPERM|57P03)$/.test(
    String(code),
  )
}

type Query = Promise<unknown> & { cancel(): void }

function isQuery(value: unknown): value is Query {
  return value instanceof Promise && typeof (value as Partial<Query>).cancel === 'function'
}

function runningThrough(query: Query, run: (start: Query['then']) => Promise<unknown>): Query {
  const start = query.then.bind(query) as Query['then']
  // biome-ignore lint/suspicious/noThenProperty: a driver's query runs when it is awaited, so this is the place to bound it.
  query.then = ((ok: never, fail: never) => run(start).then(ok, fail)) as Query['then']
  // The driver's own `catch` and `finally` would send it at once, past the line.
  query.catch = ((fail: never) => query.then(undefined, fail)) as Query['catch']
  query.finally = ((after: never) => query.then((rows) => rows).finally(after)) as Query['finally']
  return query
}

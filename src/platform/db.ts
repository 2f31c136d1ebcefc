import { AsyncLocalStorage } from 'node:async_hooks'
import postgres from 'postgres'
import { boundedQueue, type Turn } from './bounded-queue.ts'
import { readDatabaseAddress } from './database-address.ts'
import { openDriver } from './database-driver.ts'
import type { databaseSockets } from './database-sockets.ts'
import { isOfAnother, wasExecuted, withoutHoles } from './driver-answers.ts'
import { hasUndefined, undefinedValue, writable } from './statement-values.ts'

/** A pool of connections. Each change of state is one statement on it: there is no `begin` outside migrations. */
export type Sql = postgres.Sql<Record<string, never>>

/**
 * The database could not answer; shown to people as "not available", never as "it did not happen". With a `cause` the
 * connection broke, without one it took too long.
 */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable'
}

const deadlineMs = 5_000
/** How many statements may wait per connection; more would not be served in time anyway. */
const queuedPerConnection = 100

export type PoolOptions = {
  max: number
  name?: string
  /** Milliseconds. */
  deadline?: number
  /** What the driver makes of names and values, instead of our own conventions; statements of `unsafe` are then bounded, too. */
  conventions?: Pick<postgres.Options<Record<string, postgres.PostgresType>>, 'types' | 'transform'>
}

/**
 * Opens a pool (lazily: no connection is made here). Timeouts are set on the server and once more on our side,
 * because a frozen server never enforces its own: a statement has four seconds, or almost a longer `deadline` (in ms).
 * Connections lead to a server that takes writes: once one turns out not to, all are closed. `bigint` arrives as a number when
 * it is safe, else it throws.
 */
export function connect(url: string, options: PoolOptions): Sql {
  const deadline = options.deadline ?? deadlineMs
  const conventions = options.conventions ?? ours
  const { sql, sockets } = openDriver(url, {
    max: options.max,
    // A pooler hands its connection on when a statement is answered; the answer to one that was sent behind it would go to nobody.
    ...(readDatabaseAddress(url).pooled ? { max_pipeline: 0 } : {}),
    connect_timeout: 3,
    idle_timeout: 300,
    max_lifetime: 1800,
    backoff: () => 0.1 + Math.random() * 0.4,
    ...conventions,
    types: { ...writable, ...conventions.types },
    connection: {
      application_name: options.name ?? 'etf-web',
      statement_timeout: Math.max(4_000, deadline - 1_000),
      lock_timeout: 2_000,
      idle_in_transaction_session_timeout: 5_000,
    },
  })
  return bounded(sql as unknown as Sql, { max: options.max, ms: deadline, sockets, unsafeToo: !!options.conventions })
}

const ours: NonNullable<PoolOptions['conventions']> = {
  transform: { column: { from: postgres.toCamel, to: postgres.fromCamel } },
  types: { bigint: { to: 20, from: [20], serialize: String, parse: safeInteger } },
}

/** Whether the database answers, and takes writes. Never throws. */
export async function answers(sql: Sql): Promise<boolean> {
  return sql.unsafe(refusingReplica).then(
    () => true,
    () => false,
  )
}

/** As any statement that writes would, so that connections to a server that became a replica are closed. */
const refusingReplica = `do $$ begin
  if pg_is_in_recovery() then raise read_only_sql_transaction using message = 'the server is in recovery'; end if;
end $$`

/** Whether the row was refused by the unique or check constraint of this name. */
export function violates(error: unknown, constraint: string): boolean {
  return (error as { constraint_name?: string } | null)?.constraint_name === constraint
}

/**
 * True for errors that mean "the database cannot be reached or cannot answer now" rather than "the statement is wrong".
 * Whatever happens to a connection is DatabaseUnavailable, for no list of it is complete; the rest is read from the SQLSTATE.
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

const hasPriority = new AsyncLocalStorage<boolean>()

/**
 * The statements of this asynchronous work, and of what it starts, go before all others that wait for a connection: payments
 * are stored and settled while pages queue. They still wait for statements that were sent already.
 */
export function withPriority<T>(work: () => T): T {
  return hasPriority.run(true, work)
}

type Bounds = { max: number; ms: number; sockets: ReturnType<typeof databaseSockets>; unsafeToo: boolean }

/**
 * Wraps every query so that waiting for it ends after `ms`, whatever the pool or the server is doing. The driver is
 * handed one statement per connection; the others wait in a queue of our own, which is bounded and can be left.
 */
function bounded(sql: Sql, { max, ms, sockets, unsafeToo }: Bounds): Sql {
  const queue = boundedQueue(max, max * queuedPerConnection)

  /** Hands a statement to the driver. `done` follows the answer, or the closing of a connection that was silent for `ms`. */
  function execute(start: Query['then'], settle: Settlers, done: (afterMs: number) => void): void {
    if (sockets.isAnyClosing()) return void setImmediate(execute, start, settle, done)
    const before = sockets.snapshot()
    const silence = setTimeout(() => {
      sockets.closeSilentSince(before)
      done(brokenForMs)
    }, ms)
    const fail = (reason: unknown) => {
      clearTimeout(silence)
      const error = errorOf(reason, sockets)
      settle.reject(error)
      // A broken connection takes a moment to close; what the driver is handed before that is lost.
      done(isDatabaseDown(error) ? brokenForMs : 0)
      // Nothing answers at that address: whatever waits would only wait for the same error.
      if (isUnreachable(reason)) queue.dismiss(new DatabaseUnavailable('The database is away.', { cause: reason }))
    }
    start((rows) => {
      if (!wasExecuted(rows)) return fail(neverSent())
      clearTimeout(silence)
      settle.resolve(rows)
      done(0)
    }, fail)
  }

  function run(start: Query['then']): Promise<unknown> {
    const { promise, ...settlers } = Promise.withResolvers<unknown>()
    const timer = setTimeout(() => {
      // What waits leaves the queue. What was sent may still take effect: "not available" never means "it did not happen".
      queue.giveUp(turn)
      settlers.reject(new DatabaseUnavailable('The database did not answer in time.'))
    }, ms)
    const inTime = (settler: (value: unknown) => void) => (value: unknown) => {
      clearTimeout(timer)
      settler(value)
    }
    const settle = { resolve: inTime(settlers.resolve), reject: inTime(settlers.reject) }
    const done = (afterMs: number) => void (afterMs ? setTimeout(() => queue.leave(turn), afterMs) : queue.leave(turn))
    const turn: Turn = { go: () => execute(start, settle, done), dismiss: settle.reject }
    if (!queue.enter(turn, { first: hasPriority.getStore() === true }))
      settle.reject(new DatabaseUnavailable('Too many statements wait for the database.'))
    return promise
  }

  return new Proxy(sql, {
    apply(target, self, args) {
      const result: unknown = Reflect.apply(target as never, self, args)
      return isQuery(result) ? runningThrough(result, run) : result
    },
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (name !== 'unsafe') return value
      return (...args: Parameters<Sql['unsafe']>) => {
        const query = target.unsafe(...args)
        return unsafeToo ? runningThrough(query, run) : unbounded(query, sockets)
      }
    },
  })
}

/** Statements of `unsafe` set their own limit of time and wait in no queue; a connection that breaks is the same to them. */
function unbounded(query: Query, sockets: Bounds['sockets']): Query {
  return runningThrough(query, (start) =>
    start(
      (rows: unknown) => rows,
      (reason: unknown) => {
        throw errorOf(reason, sockets)
      },
    ),
  )
}

/**
 * What the caller is told: of a broken connection that the database is unavailable, of all else what the driver said. A server
 * that takes no writes became a replica, and stays one for as long as connections are kept to it.
 */
function errorOf(reason: unknown, sockets: Bounds['sockets']): unknown {
  if ((reason as { code?: unknown } | null)?.code === '25006') sockets.closeAll()
  return isBrokenConnection(reason)
    ? new DatabaseUnavailable('The connection to the database broke.', { cause: reason })
    : reason
}

type Settlers = { resolve: (rows: unknown) => void; reject: (error: unknown) => void }

const brokenForMs = 20

/**
 * An error of the driver that is neither an answer of the server nor about the statement itself happened to the connection: any
 * error number of connect, send or name resolution, any TLS error.
 */
function isBrokenConnection(reason: unknown): boolean {
  const { name, code } = (reason ?? {}) as { name?: unknown; code?: unknown }
  const isAboutStatement =
    reason instanceof TypeError || reason instanceof RangeError || statementErrors.has(String(code))
  return typeof code === 'string' && name !== 'PostgresError' && !isAboutStatement
}

const statementErrors = new Set(
  'UNDEFINED_VALUE NOT_TAGGED_CALL MAX_PARAMETERS_EXCEEDED UNSAFE_TRANSACTION COPY_IN_PROGRESS MESSAGE_NOT_SUPPORTED'.split(
    ' ',
  ),
)

/** Running out of file descriptors or ports is not this: open connections still serve what waits. */
function isUnreachable(reason: unknown): boolean {
  const { code } = (reason ?? {}) as { code?: unknown }
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EACCES|EPERM|ERECOVERY|57P03)$/.test(
    String(code),
  )
}

type Query = Promise<unknown> & { cancel(): void }

function isQuery(value: unknown): value is Query {
  return value instanceof Promise && typeof (value as Partial<Query>).cancel === 'function'
}

function runningThrough(query: Query, run: (start: Query['then']) => Promise<unknown>): Query {
  const send = query.then.bind(query) as Query['then']
  const start = ((done: (rows: unknown) => unknown, fail: (reason: unknown) => unknown) =>
    send(
      (rows) => done(withoutHoles(rows)),
      (reason) => fail(isOfAnother(query, reason) ? neverSent(reason) : reason),
    )) as Query['then']
  const answer = () => (hasUndefined(query) ? Promise.reject(undefinedValue(query)) : run(start))
  // biome-ignore lint/suspicious/noThenProperty: a driver's query runs when it is awaited, so this is the place to bound it.
  query.then = ((ok: never, fail: never) => answer().then(ok, fail)) as Query['then']
  // The driver's own `catch` and `finally` would send it at once, past the queue.
  query.catch = ((fail: never) => query.then(undefined, fail)) as Query['catch']
  query.finally = ((after: never) => query.then((rows) => rows).finally(after)) as Query['finally']
  return query
}

function neverSent(cause?: unknown): DatabaseUnavailable {
  return new DatabaseUnavailable('The connection broke before the statement was sent.', { cause })
}

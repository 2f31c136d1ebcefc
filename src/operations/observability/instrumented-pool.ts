import { Counter, Gauge, type Registry } from 'prom-client'
import { DatabaseUnavailable, isDatabaseDown, type Sql } from '../../platform/db.ts'

type Query = Promise<unknown> & { cancel(): void }

/**
 * The same pool with metrics: how many statements run or wait, had to wait for a connection, ran into their time limit,
 * or could not reach the database.
 */
export function instrumentPool(sql: Sql, connections: number, registry: Registry): Sql {
  const registers = [registry]
  let underWay = 0
  new Gauge({
    name: 'etf_database_pool_connections',
    help: 'Most connections of the pool for requests (DB_POOL_MAX)',
    registers,
  }).set(connections)
  new Gauge({
    name: 'etf_database_statements_under_way',
    help: 'Statements sent or waiting to be sent now',
    registers,
    collect() {
      this.set(underWay)
    },
  })
  new Gauge({
    name: 'etf_database_pool_waiting',
    help: 'Statements waiting for a connection now',
    registers,
    collect() {
      this.set(Math.max(0, underWay - connections))
    },
  })
  const waits = new Counter({
    name: 'etf_database_pool_waits_total',
    help: 'Statements that found every connection taken',
    registers,
  })
  const timeouts = new Counter({
    name: 'etf_database_timeouts_total',
    help: 'Statements nobody waited for any longer',
    registers,
  })
  const failures = new Counter({
    name: 'etf_database_unavailable_total',
    help: 'Statements that could not reach the database',
    registers,
  })

  function begin(): void {
    if (underWay >= connections) waits.inc()
    underWay++
  }
  function end(error?: unknown): void {
    underWay--
    if (error === undefined) return
    if (error instanceof DatabaseUnavailable && error.cause === undefined) timeouts.inc()
    else if (isDatabaseDown(error)) failures.inc()
  }

  return new Proxy(sql, {
    apply(target, self, args) {
      const result: unknown = Reflect.apply(target as never, self, args)
      return isQuery(result) ? counted(result, begin, end) : result
    },
  })
}

function isQuery(value: unknown): value is Query {
  return value instanceof Promise && typeof (value as Partial<Query>).cancel === 'function'
}

/** A query runs when it is awaited, so it is counted then; a fragment of another query is never awaited. */
function counted(query: Query, begin: () => void, end: (error?: unknown) => void): Query {
  const start = query.then.bind(query) as (ok: (rows: unknown) => void, fail: (error: unknown) => void) => void
  const run = () =>
    new Promise((resolve, reject) => {
      begin()
      start(
        (rows) => {
          end()
          resolve(rows)
        },
        (error: unknown) => {
          end(error)
          reject(error)
        },
      )
    })
  // biome-ignore lint/suspicious/noThenProperty: a driver's query runs when it is awaited, so this is the place to count it.
  query.then = ((ok: never, fail: never) => run().then(ok, fail)) as Query['then']
  return query
}

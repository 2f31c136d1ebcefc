import type { Db } from 'pg-boss'
import { connect, type PoolOptions, type Sql } from './db.ts'
import { isYugabyte } from './yugabyte.ts'

/** The pool of the job queue, which has its own names and values: what pg-boss expects is what the driver `pg` would give it. */
export function connectQueue(url: string, options: Omit<PoolOptions, 'conventions'>): Sql {
  return connect(url, { ...options, conventions: asPgDoes })
}

/** pg-boss's statements on this pool, instead of a pool of its own that would find neither the primary nor a silent server. */
export function queueDatabase(sql: Sql): Db {
  return {
    async executeSql(text, values = []) {
      const results = await sql.unsafe(withoutTransaction(text), values.map(asParameter))
      // Several statements have a result each.
      return { rows: Array.isArray(results[0]) ? results.flat() : [...results] }
    },
  }
}

/** Which kind of database pg-boss is told it has: YugabyteDB lacks some of what it uses elsewhere (docs/distributed.md). */
export async function backendOf(sql: Sql): Promise<'postgres' | 'yugabytedb'> {
  return (await isYugabyte(sql as never)) ? 'yugabytedb' : 'postgres'
}

/** Statements that are sent together are one transaction, which the server also ends when one of them fails. */
function withoutTransaction(text: string): string {
  return text.replace(/^\s*BEGIN;(?<statements>.*);\s*COMMIT;?\s*$/s, '$<statements>')
}

function asParameter(value: unknown): never {
  if (value === undefined) return null as never
  if (Array.isArray(value)) return `{${value.map(element).join(',')}}` as never
  return value as never
}

function element(value: unknown): string {
  return value === null || value === undefined ? 'NULL' : `"${String(value).replace(/["\\]/g, '\\$&')}"`
}

function elementsOf(text: string): (string | null)[] {
  const parts = text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g)
  return [...parts].map(([, quoted, plain]) =>
    quoted === undefined ? (plain === 'NULL' ? null : plain!) : quoted.replace(/\\(.)/g, '$1'),
  )
}

const asPgDoes: PoolOptions['conventions'] = {
  types: {
    // It writes its JSON itself.
    json: {
      to: 114,
      from: [114, 3802],
      serialize: (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)),
      parse: JSON.parse,
    },
    // text[] and uuid[], then int4[]: the driver knows lists only where it may ask the database about types.
    texts: { to: 1009, from: [1009, 2951], serialize: String, parse: elementsOf },
    integers: { to: 1007, from: [1007], serialize: String, parse: (text: string) => elementsOf(text).map(Number) },
  },
}

import type postgres from 'postgres'

// What the driver cannot write down for the server must never reach it. When a statement turns out to be such behind another one on
// the same connection, the driver rejects that other one, waits for the answer to what it never sent, and gives every later answer
// on the connection to the wrong statement.

/** Whether a value of the statement is undefined, also in a fragment or a row of it. */
export function hasUndefined(statement: object): boolean {
  return (statement as Parts).args!.some(isUndefined)
}

/** What the driver throws for that. */
export function undefinedValue(statement: object): Error {
  const { strings } = statement as { strings: readonly string[] }
  const message = `A value is undefined in: ${strings.join('…').replace(/\s+/g, ' ').trim().slice(0, 200)}`
  return Object.assign(new Error(message), { code: 'UNDEFINED_VALUE' })
}

function isUndefined(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === undefined
  const { args, first, rest } = value as Parts
  if (Array.isArray(args)) return args.some(isUndefined)
  if (Array.isArray(rest)) return valuesOf(first, rest).some(isUndefined)
  if (Array.isArray(value)) return value.some(isUndefined)
  return isParameter(value) && isUndefined(value.value)
}

/** A fragment has `args`, what `sql(rows, columns)` makes has `first` and `rest`. */
type Parts = { args?: readonly unknown[]; first?: unknown; rest?: unknown[] }

function isParameter(value: object): value is { value: unknown } {
  return 'value' in value && 'type' in value && 'array' in value
}

/** The values of rows that are given as objects or lists: of the columns named, or of all. */
function valuesOf(first: unknown, rest: unknown[]): unknown[] {
  const columns = rest.flat() as string[]
  return (Array.isArray(first) ? first : [first]).flatMap((row) => {
    if (typeof row !== 'object' || row === null) return [row]
    if (Array.isArray(row) || columns.length === 0) return Object.values(row)
    return columns.map((column) => (row as Record<string, unknown>)[column])
  })
}

/** How values are written and read: as the driver does, but what cannot be written is left to the server to refuse, and never thrown. */
export const writable = {
  json: { to: 114, from: [114, 3802], serialize: writtenJson, parse: (text: string) => JSON.parse(text) },
  date: { to: 1184, from: [1082, 1114, 1184], serialize: writtenInstant, parse: (text: string) => new Date(text) },
} satisfies Record<string, postgres.PostgresType>

function writtenJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'no JSON'
  } catch (error) {
    return String(error)
  }
}

function writtenInstant(value: unknown): string {
  const instant = value instanceof Date ? value : new Date(value as string)
  return Number.isNaN(instant.getTime()) ? String(value) : instant.toISOString()
}

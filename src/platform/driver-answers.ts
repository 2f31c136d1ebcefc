import postgres from 'postgres'

// What the database driver tells of a statement where it is wrong: three faults of it that need a statement that failed, or a
// connection that broke, just before.

/** Whether the statement ran: when a connection breaks, the driver may resolve one that it never sent. The result of one that ran names its command. */
export function wasExecuted(rows: unknown): boolean {
  return (rows as { command?: unknown } | null)?.command !== null
}

/**
 * The rows without the holes before the first one: after a statement that failed with some of its rows sent already, the driver goes
 * on counting, and puts the rows of the connection's next one behind as many holes (its issues 1119 and 1181). Of several statements
 * sent together, which have a result each, it can only be the first.
 */
export function withoutHoles(rows: unknown): unknown {
  if (!Array.isArray(rows) || rows.length === 0) return rows
  if (!('command' in rows)) withoutHoles(rows[0])
  else if (!(0 in rows)) {
    const holes = rows.findIndex((_, at) => at in rows)
    rows.splice(0, holes)
  }
  return rows
}

/**
 * Whether this error answered another statement: when a connection breaks between an error and the end of its answer, the driver
 * keeps the error, and rejects with it the statement for which it connects again. Into an error it writes the arguments of the
 * statement that it was given to first.
 */
export function isOfAnother(query: object, reason: unknown): boolean {
  const argsOf = (one: object) => (one as { args?: unknown }).args
  return reason instanceof postgres.PostgresError && argsOf(reason) !== argsOf(query)
}

/**
 * A statement for many rows in place of one for each: what comes while the last is under way goes with the next, so that a single
 * row waits for nothing. Each caller is told how the statement with its own id went.
 */
export function markedTogether(write: (ids: number[]) => Promise<void>): (id: number) => Promise<void> {
  let next: { ids: number[]; written: Promise<void> } | undefined
  let last: Promise<unknown> = Promise.resolve()
  return (id) => {
    if (!next) {
      const batch = { ids: [] as number[], written: Promise.resolve() }
      batch.written = last.then(() => {
        next = undefined
        return write(batch.ids)
      })
      last = batch.written.catch(() => {})
      next = batch
    }
    next.ids.push(id)
    return next.written
  }
}

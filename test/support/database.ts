import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'

/** A migrated database of its own, copied from the template in a moment. `drop` closes and removes it. */
export async function freshDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const server = inject('serverUrl')
  const admin = () => postgres(server, { max: 1, onnotice: () => {} })
  const making = admin()
  // Two files that copy the template at the same moment disturb each other; the loser waits.
  await making`select pg_advisory_lock(1)`
  // As files: through the log, which is the default, the same costs several times as much.
  await making.unsafe(`create database ${name} template template_app strategy file_copy`)
  await making.end()
  return {
    url: server.replace(/\/etf$/, `/${name}`),
    drop: async () => {
      const dropping = admin()
      await dropping.unsafe(`drop database if exists ${name} with (force)`)
      await dropping.end()
    },
  }
}

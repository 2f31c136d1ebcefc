import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports (32768 and up) that systems give to connections, one of which could take ours before we listen. */
const FIRST = 12_000
const LAST = 32_000

/** Each worker of the tests has ports of its own: a process takes seconds to listen, and another worker could meanwhile find its port free. */
const WORKERS = 8
const share = (LAST - FIRST) / WORKERS
const first = FIRST + (Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS) * share
let next = first + randomInt(share)

/** A port on which nobody listens, on any address of this machine. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next
    next = port + 1 < first + share ? port + 1 : first
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    await Promise.race([
      once(probe.listen(port), 'listening'),
      once(probe, 'error').then(([error]) => Promise.reject(error)),
    ])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
  probe.close()
  await once(probe, 'close')
  return true
}

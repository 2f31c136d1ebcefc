import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports (32768 and up) that systems give to connections, one of which could take ours before we listen. */
const FIRST = 12_000
const LAST = 32_000

let next = randomInt(FIRST, LAST)

/** A port on which nobody listens, on any address of this machine; each worker of the tests starts its search elsewhere. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next
    next = port < LAST ? port + 1 : FIRST
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

import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { asPostgresPath } from './place.ts'

const NO_SUCH_DATABASE = '3D000'
const STARTING_UP = '57P03'

/** Whether the server at this address accepts the password and serves this cluster. */
export async function identify(
  url: string,
  { cluster, timeoutMs }: { cluster: string; timeoutMs: number },
): Promise<boolean> {
  const started = Date.now()
  for (;;) {
    const answer = await ask(serverUrl(url), 'show data_directory')
    if (answer.ok) return answer.rows[0]?.data_directory === asPostgresPath(cluster)
    // Recovery after a crash may take a while, and the server says so.
    const limitMs = answer.code === STARTING_UP ? 60_000 : timeoutMs
    const hopeless = answer.code?.startsWith('28') || answer.code === 'ECONNREFUSED'
    if (hopeless || Date.now() - started > limitMs) return false
    await sleep(100)
  }
}

/** Creates the database `etf` when it is missing. */
export async function ensureDatabase(url: string): Promise<void> {
  const answer = await ask(url, 'select 1')
  if (answer.ok) return
  if (answer.code !== NO_SUCH_DATABASE) throw answer.error
  const created = await ask(serverUrl(url), 'create database etf')
  if (!created.ok && created.code !== '42P04') throw created.error
}

type Answer = { ok: true; rows: Record<string, unknown>[] } | { ok: false; code: string | undefined; error: unknown }

async function ask(url: string, text: string): Promise<Answer> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, idle_timeout: 1, fetch_types: false, onnotice: () => {} })
  // A frozen server accepts the connection and then does not answer, so the statement has a deadline of its own.
  const deadline = AbortSignal.timeout(5_000)
  try {
    const silence = new Promise<never>((_, reject) => {
      deadline.addEventListener('abort', () => reject(new Error('PostgreSQL does not answer')))
    })
    return { ok: true, rows: [...(await Promise.race([sql.unsafe(text), silence]))] }
  } catch (error) {
    return { ok: false, code: (error as { code?: string }).code, error }
  } finally {
    await sql.end({ timeout: 0 })
  }
}

// The database `postgres` always exists; `etf` may be missing.
function serverUrl(url: string): string {
  return url.replace(/\/etf$/, '/postgres')
}

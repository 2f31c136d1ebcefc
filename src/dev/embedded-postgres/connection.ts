import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { inPostgresWords } from './place.ts'

const NO_SUCH_DATABASE = '3D000'
const STARTING_UP = '57P03'

/** True when the server at this address accepts our password and serves this very cluster. */
export async function identify(
  url: string,
  { cluster, patienceMs }: { cluster: string; patienceMs: number },
): Promise<boolean> {
  const started = Date.now()
  for (;;) {
    const answer = await ask(serverUrl(url), 'show data_directory')
    if (answer.ok) return answer.rows[0]?.data_directory === inPostgresWords(cluster)
    // Recovery after a crash may take a while, but the server says so.
    const patience = answer.code === STARTING_UP ? 60_000 : patienceMs
    const hopeless = answer.code?.startsWith('28') || answer.code === 'ECONNREFUSED'
    if (hopeless || Date.now() - started > patience) return false
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
  // A frozen server accepts the connection and then says nothing, so the question has a deadline of its own.
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

// Which database exists is another question than whether the server is ours.
function serverUrl(url: string): string {
  return url.replace(/\/etf$/, '/postgres')
}

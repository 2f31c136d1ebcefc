import { startPostgres } from '../embedded/postgres/postgres.ts'
import { root } from '../environment.ts'
import type { Config } from '../platform/config.ts'

/** Runs a command against DATABASE_URL, or against the embedded server: the running one, else one for the time being. */
export async function withDatabase<T>(config: Config, work: (url: string) => Promise<T>): Promise<T> {
  if (config.database.url) return work(config.database.url)
  const postgres = await startPostgres({ checkout: root, dataDir: config.embedded.dataDir, port: config.embedded.postgresPort })
  try {
    return await work(postgres.url)
  } finally {
    await postgres.stop()
  }
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, ConfigError, readConfig } from './config.ts'

/** The checkout this process runs from. */
export const root = join(import.meta.dirname, '..', '..')

/**
 * Reads `.env` (`.env.production` when NODE_ENV=production) under what the environment already says, then all settings.
 * Prints every problem and exits with code 1 when something is missing or wrong.
 */
export function readSettings(): Config {
  const file = join(root, process.env.NODE_ENV === 'production' ? '.env.production' : '.env')
  if (existsSync(file)) process.loadEnvFile(file)
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(`${error.message}\n\nEvery setting is explained in .env.production.example.`)
    process.exit(1)
  }
}

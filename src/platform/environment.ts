import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, ConfigError, readConfig } from './config.ts'

/** The folder of the checkout that this process runs from. */
export const root = join(import.meta.dirname, '..', '..')

/**
 * Adds `.env` (`.env.production` when NODE_ENV=production), if there is one, beneath what the environment already says. Returns
 * the file's name.
 */
export function loadEnvironmentFile(): string {
  const name = process.env.NODE_ENV === 'production' ? '.env.production' : '.env'
  if (existsSync(join(root, name))) process.loadEnvFile(join(root, name))
  return name
}

/** All settings, of the environment and its file. Prints every problem and exits with code 1 when something is missing or wrong. */
export function readSettings(): Config {
  loadEnvironmentFile()
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(`${error.message}\n\nEvery setting is explained in .env.production.example.`)
    process.exit(1)
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { unpackChromium } from '../../src/dev/browser/chromium.ts'
import { type Typeface, writeFontconfig } from '../../src/dev/browser/typefaces.ts'
import { startPostgres } from '../../src/dev/embedded-postgres/postgres.ts'
import { migrate } from '../../src/platform/migrate.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    serverUrl: string
    chromium: string
    fontconfig: Record<Typeface, string>
  }
}

const root = join(import.meta.dirname, '..', '..')

/** Nothing in this cluster outlives the run: it need not survive a crash of the machine, only those of its processes. */
const throwaway = {
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '4GB',
  checkpoint_timeout: '30min',
  max_connections: '300',
  // Plans for rows by the thousand are not worth compiling.
  jit: 'off',
}

/** One PostgreSQL for the whole run, with a migrated template that every test file copies; one unpacked Chromium, and its fonts. */
export default async function setup(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), 'etf-test-'))
  const server = await startPostgres({ checkout: root, dataDir: folder, settings: throwaway })
  const admin = postgres(server.url, { max: 1, onnotice: () => {} })
  await admin`create database template_app`
  await migrate(server.url.replace(/\/etf$/, '/template_app'))
  await admin.end()
  project.provide('serverUrl', server.url)
  project.provide('chromium', await unpackChromium())
  const fonts = mkdtempSync(join(tmpdir(), 'etf-fonts-'))
  project.provide('fontconfig', writeFontconfig(fonts))
  return async () => {
    await server.stop()
    for (const temporary of [folder, fonts]) rmSync(temporary, { recursive: true, force: true })
  }
}

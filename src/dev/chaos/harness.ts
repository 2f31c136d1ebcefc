import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Sql } from '../../platform/db.ts'
import { type AppProcess, superviseApp } from './app-process.ts'
import { type Database, startDatabase } from './database.ts'
import type { Scene } from './people.ts'
import type { SocketFault } from './socket-faults.ts'
import { type Surroundings, startSurroundings } from './surroundings.ts'

/** Two processes of the product and all they depend on, on loopback. */
export type ChaosHarness = Scene &
  Pick<Surroundings, 'mails'> & {
    database: Database
    sql: Sql
    apps: [AppProcess, AppProcess]
    /** From now on, what both processes connect to, send and look up fails in these ways; none ends it. */
    failSockets(...faults: SocketFault[]): void
    /** The ports that both processes connect to. */
    ports: Surroundings['ports'] & { database: number }
    close(): Promise<void>
  }

/** Starts it all in a temporary folder; `close` ends every process and removes the folder. */
export async function buildHarness(): Promise<ChaosHarness> {
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (const closer of closers.reverse()) await closer()
  }
  try {
    const folder = mkdtempSync(join(tmpdir(), 'etf-chaos-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const database = await startDatabase(folder)
    closers.push(() => database.stop())
    const sql = connect(database.url, { max: 3, name: 'etf-chaos' })
    closers.push(() => sql.end({ timeout: 2 }))
    const surroundings = await startSurroundings()
    closers.push(() => surroundings.close())

    const faultsFile = join(folder, 'socket-faults.json')
    const failSockets = (...faults: SocketFault[]) => {
      writeFileSync(`${faultsFile}.new`, JSON.stringify(faults))
      renameSync(`${faultsFile}.new`, faultsFile)
    }
    failSockets()
    const env = {
      ...surroundings.env,
      NODE_OPTIONS: `--import ${join(import.meta.dirname, 'failing-sockets.ts')}`,
      FAILING_SOCKETS: faultsFile,
      HOST: 'localhost',
      DATABASE_URL: database.url,
      DB_POOL_MAX: '6',
      RATE_LIMIT_SCALE: '1000',
      LOG_LEVEL: 'fatal',
    }
    const apps = [await superviseApp(env), await superviseApp(env)] as [AppProcess, AppProcess]
    closers.push(() => Promise.all(apps.map((app) => app.stop())))
    for (const app of apps) await app.untilReady()
    const ports = { ...surroundings.ports, database: Number(new URL(database.url).port) }
    return { ...surroundings, database, sql, apps, entrances: apps, failSockets, ports, close }
  } catch (error) {
    await close()
    throw error
  }
}

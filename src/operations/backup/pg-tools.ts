import { spawn } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { readDatabaseAddress } from '../../platform/database-address.ts'
import { masked } from '../../platform/log.ts'

/** PostgreSQL's own tools, at least as new as the server. */
export type PgTools = { dump: string; restore: string; major: number }

/**
 * Looks for pg_dump: the one named in the settings, else the one on the PATH. Null when there is none or it is older
 * than the server; throws when one was named and cannot be used.
 */
export async function findPgTools(named: string | null, serverMajor: number): Promise<PgTools | null> {
  const dump = named ?? 'pg_dump'
  const answer = await run(dump, ['--version'], {}).catch(() => '')
  const major = majorIn(answer)
  if (named && major === 0) throw new Error(`PG_DUMP: ${named} cannot be run`)
  if (named && major < serverMajor) throw new Error(`PG_DUMP: ${named} is ${major}, the server is ${serverMajor}`)
  if (major === 0 || major < serverMajor) return null
  return { dump, restore: restoreBeside(named), major }
}

/** Looks for the pg_restore beside the named pg_dump, else on the PATH. Throws when it is missing, or older than `atLeast`. */
export async function findPgRestore(named: string | null, atLeast: number): Promise<Pick<PgTools, 'restore'>> {
  const restore = restoreBeside(named)
  const major = majorIn(await run(restore, ['--version'], {}).catch(() => ''))
  const wanted = atLeast > 0 ? `${atLeast} or newer` : 'of the version that made the file, or newer'
  const todo = 'Install the client tools of PostgreSQL, or name their pg_dump in PG_DUMP'
  if (major === 0) throw new Error(`${restore} cannot be run, and a .dump needs pg_restore ${wanted}. ${todo}`)
  if (major < atLeast) throw new Error(`${restore} is version ${major}, and this .dump needs ${wanted}. ${todo}`)
  return { restore }
}

function restoreBeside(dump: string | null): string {
  return dump ? join(dirname(dump), basename(dump).replace('pg_dump', 'pg_restore')) : 'pg_restore'
}

function majorIn(answer: string): number {
  return Number(/(\d+)(\.\d+)*/.exec(answer)?.[1] ?? 0)
}

/** `pg_dump -Fc` of the product's tables in this snapshot. */
export async function pgDump(tools: PgTools, url: string, snapshot: string, file: string): Promise<void> {
  const what = ['-Fc', '--no-owner', '--no-privileges', '--schema=public', `--snapshot=${snapshot}`, `--file=${file}`]
  await run(tools.dump, what, connectionOf(url))
}

/** Fills an empty database from a dump. */
export async function pgRestore(tools: Pick<PgTools, 'restore'>, file: string, url: string): Promise<void> {
  const env = connectionOf(url)
  const how = ['--no-owner', '--no-privileges', '--exit-on-error', '--single-transaction', '--clean', '--if-exists']
  await run(tools.restore, [...how, `--dbname=${env.PGDATABASE}`, file], env)
}

/** Reads a dump to its end. */
export async function pgReadBack(tools: Pick<PgTools, 'restore'>, file: string): Promise<void> {
  await run(tools.restore, ['--file=/dev/null', file], {})
}

/** As environment variables: arguments, which could hold the password, can be read by every account of the machine. */
function connectionOf(url: string): Record<string, string> {
  const { servers, user, password, database, tls, connectTimeout } = readDatabaseAddress(url)
  return {
    PGHOST: servers.map(({ host }) => host).join(','),
    PGPORT: servers.map(({ port }) => port).join(','),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGSSLMODE: tls.mode,
    ...(servers.length > 1 ? { PGTARGETSESSIONATTRS: 'read-write' } : {}),
    ...(connectTimeout === null ? {} : { PGCONNECT_TIMEOUT: String(connectTimeout) }),
    ...(tls.rootCertificate ? { PGSSLROOTCERT: tls.rootCertificate } : {}),
    ...(tls.certificate ? { PGSSLCERT: tls.certificate, PGSSLKEY: tls.key! } : {}),
  }
}

function run(program: string, args: string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      output = (output + chunk).slice(-10_000)
    })
    child.stderr.on('data', (chunk) => {
      errors = (errors + chunk).slice(-2_000)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${basename(program)} ended with ${code}: ${masked(errors.trim()).slice(0, 500)}`))
    })
  })
}

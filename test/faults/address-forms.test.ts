import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountOwning } from '../../src/dev/embedded-postgres/account.ts'
import { type EmbeddedPostgres, startPostgres } from '../../src/dev/embedded-postgres/postgres.ts'
import { freePort } from '../../src/dev/free-port.ts'
import { connect } from '../../src/platform/db.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { good, key, ofAnother } from './certificates.ts'

/** A real server that speaks TLS (its certificate is for localhost, and its own authority), also over a socket and IPv6. */
const folder = mkdtempSync(join(tmpdir(), 'etf-forms-'))
const files = join(folder, 'files')
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
let server: EmbeddedPostgres
let inClear: EmbeddedPostgres
let nobody: number
beforeAll(async () => {
  mkdirSync(files)
  const account = process.getuid?.() === 0 ? accountOwning(folder) : null
  for (const [name, text] of Object.entries({ key, good, ofAnother })) {
    writeFileSync(join(files, name), `${text}\n`, { mode: name === 'key' ? 0o600 : 0o644 })
    if (account) chownSync(join(files, name), account.uid, account.gid)
  }
  if (account) chownSync(files, account.uid, account.gid)
  chmodSync(folder, 0o755)
  const start = (name: string, settings: Record<string, string>) => {
    const place = join(folder, name)
    return startPostgres({ checkout: place, dataDir: place, relaunch: false, settings: { fsync: 'off', ...settings } })
  }
  for (const name of ['tls', 'clear']) mkdirSync(join(folder, name))
  server = await start('tls', {
    ssl: 'on',
    ssl_cert_file: join(files, 'good'),
    ssl_key_file: join(files, 'key'),
    unix_socket_directories: files,
    listen_addresses: hasIpv6 ? '127.0.0.1,::1' : '127.0.0.1',
  })
  inClear = await start('clear', {})
  nobody = await freePort()
}, 120_000)
afterAll(async () => {
  await server?.stop()
  await inClear?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A form with what it stands for in it: person, port, the port of the server without TLS, of nobody, the folder of files. */
const form = (text: string) => {
  const { username, password, port } = new URL(server.url)
  const { password: other, port: clear } = new URL(inClear.url)
  return text
    .replace('PERSON', `${username}:${text.includes('CLEAR') ? other : password}`)
    .replace('PORT', port)
    .replace('CLEAR', clear)
    .replaceAll('NOBODY', String(nobody))
    .replace('ENCODED', encodeURIComponent(files))
    .replaceAll('FILES', files)
}

async function lineOf(url: string): Promise<string> {
  const sql = connect(url, { max: 1 })
  try {
    const [row] = await sql<{ line: string }[]>`
      select case when ssl then 'encrypted' when inet_server_addr() is null then 'socket' else 'clear' end as line
      from pg_stat_ssl where pid = pg_backend_pid()
    `
    return row!.line
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error & { code?: string } }
    return `${message} ${cause?.code ?? ''} ${cause?.message ?? ''}`
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** What comes of each: how the line is, or the error. */
const forms: [string, string | RegExp][] = [
  ['postgres://PERSON@127.0.0.1:PORT/etf', 'clear'],
  ['postgres://PERSON@127.0.0.1:PORT/etf?sslmode=disable', 'clear'],
  ['postgres://PERSON@localhost:PORT/etf?sslmode=prefer', 'encrypted'],
  ['postgres://PERSON@127.0.0.1:CLEAR/etf?sslmode=prefer', 'clear'],
  ['postgres://PERSON@127.0.0.1:PORT/etf?sslmode=require', 'encrypted'],
  ['postgres://PERSON@127.0.0.1:CLEAR/etf?sslmode=require', /ENOTLS/],
  ['postgres://PERSON@127.0.0.1:PORT/etf?sslmode=require&sslrootcert=FILES/good', 'encrypted'],
  ['postgres://PERSON@127.0.0.1:PORT/etf?sslmode=require&sslrootcert=FILES/ofAnother', /SELF_SIGNED|UNABLE_TO/],
  ['postgres://PERSON@127.0.0.1:PORT/etf?sslmode=verify-ca&sslrootcert=FILES/good', 'encrypted'],
  ['postgres://PERSON@127.0.0.1:PORT/etf?sslmode=verify-ca', /SELF_SIGNED|UNABLE_TO/],
  ['postgres://PERSON@localhost:PORT/etf?sslmode=verify-full&sslrootcert=FILES/good', 'encrypted'],
  ['postgres://PERSON@127.0.0.1:PORT/etf?sslmode=verify-full&sslrootcert=FILES/good', /ERR_TLS_CERT_ALTNAME_INVALID/],
  ['postgres://PERSON@localhost:PORT/etf?sslmode=verify-full&sslrootcert=FILES/missing', /ENOENT/],
  ['postgres://PERSON@localhost:PORT/etf?sslmode=require&sslcert=FILES/good&sslkey=FILES/key', 'encrypted'],
  ['postgres://PERSON@/etf?host=FILES&port=PORT', 'socket'],
  ['postgres://PERSON@ENCODED:PORT/etf', 'socket'],
  ['postgres://PERSON@127.0.0.1:NOBODY,127.0.0.1:PORT/etf?sslmode=require', 'encrypted'],
  ['postgres://PERSON@127.0.0.1:NOBODY,127.0.0.1:NOBODY/etf', /None of the servers .*ECONNREFUSED/],
  ['postgres://PERSON@127.0.0.1:PORT/etf?options=-c%20lock_timeout%3D1s&channel_binding=prefer', 'clear'],
]

describe('each form of the address on real servers', () => {
  test.each(forms)('%s means what it means to libpq', async (text, expected) => {
    const line = await lineOf(form(text))
    if (typeof expected === 'string') expect(line).toBe(expected)
    else expect(line).toMatch(expected)
  })

  test.runIf(hasIpv6)(`an IPv6 address${hasIpv6 ? '' : ' (SKIPPED: this machine has none)'}`, async () => {
    expect(await lineOf(form('postgres://PERSON@[::1]:PORT/etf?sslmode=require'))).toBe('encrypted')
  })

  test('migrations and the tools of commands go the same way', async () => {
    await expect(migrate(form('postgres://PERSON@127.0.0.1:CLEAR/etf?sslmode=require'))).rejects.toThrow(/has no TLS/)
    const address = form('postgres://PERSON@localhost:PORT/etf?sslmode=verify-full&sslrootcert=FILES/good')
    expect((await migrate(address)).length).toBeGreaterThan(0)
    expect(await migrate(form('postgres://PERSON@ENCODED:PORT/etf'))).toEqual([])
  }, 60_000)
})

import { isIP } from 'node:net'
import { userInfo } from 'node:os'

/** One server: a name or address with a port, or a folder (it begins with a slash) with the port's socket in it. */
export type Server = { host: string; port: number }

/** How the line is encrypted, as libpq names it, and the files that the address names for that. */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'
export type Tls = { mode: TlsMode; rootCertificate?: string; certificate?: string; key?: string }

export type DatabaseAddress = {
  /** In the order in which they are named. */
  servers: [Server, ...Server[]]
  user: string
  password: string
  database: string
  tls: Tls
  /** Seconds; null where the address does not say. */
  connectTimeout: number | null
  /** What the server is told at the start of a connection. */
  settings: Record<string, string>
  /** A pooler in transaction mode stands before the server: nothing may rely on a session. */
  pooled: boolean
}

/** A part of DATABASE_URL that cannot work. The sentence names the part, never a value of it that may be secret. */
export class AddressProblem extends Error {
  override name = 'AddressProblem'
}

const tlsModes: readonly string[] = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] satisfies TlsMode[]
/** Settings of the server that an address may bring along, besides `options`. */
const passedOn = ['application_name', 'options', 'statement_timeout', 'lock_timeout']
const known = [
  ...passedOn,
  ...['host', 'port', 'user', 'password', 'dbname', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'channel_binding'],
  ...['target_session_attrs', 'connect_timeout', 'gssencmode', 'search_path', 'pooler'],
]

/**
 * Reads an address as libpq does: `postgres://user:password@host:port,host:port/database?parameter=value`. Without `sslmode` the
 * line is not encrypted. Throws AddressProblem.
 */
export function readDatabaseAddress(text: string): DatabaseAddress {
  const parts = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(text)
  if (!parts) throw new AddressProblem('must look like postgres://user:password@host:5432/database')
  const [, person = '', hosts = '', path = '', query = ''] = parts
  // Before any sentence names a part: behind the / or ? of a password stands the rest of it.
  if (`${path}${query}`.includes('@'))
    throw new AddressProblem('an @ after the host is written %40, and signs in a password are percent-encoded, too')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a file's line break at the end is what is looked for.
  if (/[\0-\x1f\x7f]/.test(text)) throw new AddressProblem('holds a line break, or another sign that cannot be seen')
  const given = parametersOf(query)
  const at = person.indexOf(':')
  const user = given.user ?? decoded(at < 0 ? person : person.slice(0, at), 'the user')
  return {
    servers: serversOf(given.host ?? hosts, given.port),
    user: user || userInfo().username,
    password: given.password ?? (at < 0 ? '' : decoded(person.slice(at + 1), 'the password')),
    database: (given.dbname ?? decoded(path, 'the database')) || user || userInfo().username,
    tls: tlsOf(given),
    connectTimeout: secondsOf(given.connect_timeout),
    settings: Object.fromEntries(passedOn.flatMap((name) => (given[name] ? [[name, given[name]]] : []))),
    pooled: given.pooler === 'transaction',
  }
}

/** The same address with another database, also where a parameter names it. */
export function withDatabaseName(text: string, name: string): string {
  const other = text.replace(/^([^/]*\/\/[^/?]*)(\/[^?]*)?/, `$1/${encodeURIComponent(name)}`)
  return other.replace(/(?<=[?&])dbname=[^&]*&?/g, '')
}

/** The same address through a pooler in transaction mode. */
export function withPooler(text: string): string {
  return `${text}${text.includes('?') ? '&' : '?'}pooler=transaction`
}

/** Whether a pooler refused what a connection to PostgreSQL itself begins with. */
export function isOfUnknownPooler(error: unknown): boolean {
  return /unsupported startup parameter/.test(String((error as { message?: unknown } | null)?.message))
}

function parametersOf(query: string): Record<string, string> {
  // Not URLSearchParams: to libpq a plus is a plus.
  const given: Record<string, string> = {}
  for (const pair of query.split('&').filter(Boolean)) {
    const [name = '', ...value] = pair.split('=')
    if (!known.includes(name)) throw new AddressProblem(`the parameter ${name} is not one that this site knows`)
    given[name] = decoded(value.join('='), name)
  }
  const { target_session_attrs: target, channel_binding: binding } = given
  if (target && !['read-write', 'primary', 'any'].includes(target))
    throw new AddressProblem(
      `target_session_attrs=${target}: the site writes, so it is read-write, which several hosts have anyway`,
    )
  if (binding === 'require')
    throw new AddressProblem(
      'channel_binding=require: the driver cannot do that. sslmode=verify-full also makes sure who the server is',
    )
  if (given.search_path !== undefined || /search_path/i.test(given.options ?? ''))
    throw new AddressProblem(
      'search_path: the site’s tables are in the schema public. Give it a database of its own instead',
    )
  const limited = passedOn.find((name) => name !== 'application_name' && given[name] !== undefined)
  if (given.pooler && limited)
    throw new AddressProblem(`${limited}: a pooler in transaction mode (DB_POOLER) refuses it`)
  if (given.pooler !== undefined && given.pooler !== 'transaction')
    throw new AddressProblem('pooler: must be transaction; DB_POOLER says the same')
  if (given.gssencmode === 'require') throw new AddressProblem('gssencmode=require: the driver cannot do that')
  return given
}

function serversOf(hosts: string, ports: string | undefined): [Server, ...Server[]] {
  const portList = ports?.split(',') ?? []
  const hostList = hosts.split(',')
  if (portList.length > 1 && portList.length !== hostList.length)
    throw new AddressProblem('port: must be one number, or as many as there are hosts')
  const servers = hostList.map((text, i) => {
    if (hostList.length > 1 && /^(:|$)/.test(text)) throw new AddressProblem('a host: one of several is empty')
    const parts = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(text)
    if (!parts)
      throw new AddressProblem('a host: IPv6 addresses stand in brackets, and signs in a password are percent-encoded')
    const [, host = '', port] = parts
    const name = decoded(host, 'a host').replace(/^\[(.*)\]$/, '$1')
    if (/\s/.test(name)) throw new AddressProblem('a host: holds a space')
    if (host.startsWith('[') && isIP(name) !== 6)
      throw new AddressProblem('a host: what is in brackets is no IPv6 address')
    const written = port || (portList.length > 1 ? portList[i] : portList[0]) || '5432'
    const number = Number(written)
    if (!/^\d+$/.test(written) || number < 1 || number > 65_535)
      throw new AddressProblem('a port: must be a number up to 65535')
    return { host: name || 'localhost', port: number }
  })
  return servers as [Server, ...Server[]]
}

/** As libpq means it: a root certificate turns `require` into `verify-ca`, for it would otherwise not be looked at. */
function tlsOf({ sslmode = 'disable', sslrootcert, sslcert, sslkey }: Record<string, string>): Tls {
  if (!tlsModes.includes(sslmode)) throw new AddressProblem(`sslmode=${sslmode}: must be one of ${tlsModes.join(', ')}`)
  if (sslrootcert === 'system' && sslmode !== 'verify-full')
    throw new AddressProblem('sslrootcert=system: goes with sslmode=verify-full only')
  if (!sslcert !== !sslkey) throw new AddressProblem('sslcert and sslkey: set both, or neither')
  const mode = sslmode === 'require' && sslrootcert ? 'verify-ca' : (sslmode as TlsMode)
  return {
    mode,
    ...(sslrootcert && sslrootcert !== 'system' ? { rootCertificate: sslrootcert } : {}),
    ...(sslcert && sslkey ? { certificate: sslcert, key: sslkey } : {}),
  }
}

function secondsOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const seconds = Number(text)
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 60)
    throw new AddressProblem('connect_timeout: must be a number of seconds up to 60')
  return seconds || null
}

function decoded(text: string, what: string): string {
  const signs = textOf(text)
  if (signs === null) throw new AddressProblem(`${what}: a percent sign must be written %25`)
  // The driver would end a value there, and what follows would be another setting.
  if (signs.includes('\0')) throw new AddressProblem(`${what}: %00 is no sign`)
  return signs
}

function textOf(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return null
  }
}

import { isIP } from 'node:net'

/** A host as a request names it: lower case, without the dot that may end a full name; IPv6 in brackets. */
export type NamedHost = { name: string; port: number }

// Letters of other scripts arrive as punycode; user names, spaces and signs have no place in a Host header.
const authority = /^(\[[\da-f:.]+\]|[a-z\d_-]+(?:\.[a-z\d_-]+)*)\.?(?::(\d{0,5}))?$/i

/** Reads `Host`, or the authority of an address. Null: it names no host. Without a port it means `defaultPort`. */
export function readHost(text: string | undefined, defaultPort: number): NamedHost | null {
  const [, name, port] = authority.exec(text ?? '') ?? []
  return name === undefined ? null : { name: name.toLowerCase(), port: port ? Number(port) : defaultPort }
}

/** What the one Host header says. Undefined when there is none, or several: which of them is meant would be a guess. */
export function onlyHostHeader(rawHeaders: readonly string[]): string | undefined {
  const given = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase() === 'host')
  return given.length === 1 ? given[0] : undefined
}

/** The host of an http(s) address, with the port that its scheme implies. */
export function hostOfUrl(url: string): NamedHost {
  const { hostname, port, protocol } = new URL(url)
  return { name: hostname.replace(/\.$/, ''), port: port ? Number(port) : defaultPortOf(protocol) }
}

/** 443 for `https:`, else 80. */
export function defaultPortOf(protocol: string): number {
  return protocol === 'https:' ? 443 : 80
}

/** One of the names that this machine has for itself. */
export function isLoopback({ name }: NamedHost): boolean {
  return name === 'localhost' || name === '127.0.0.1' || name === '[::1]'
}

/**
 * An address, `*.localhost`, or a name without a dot, such as a container's. None of these can be bought and pointed at
 * somebody else's machine, which is what DNS rebinding needs.
 */
export function isLocalName({ name }: NamedHost): boolean {
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || !name.includes('.') || name.endsWith('.localhost')
}

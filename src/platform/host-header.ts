import { isIP } from 'node:net'

/** A host as a request names it: lower case, without the trailing dot of a full name; IPv6 in brackets. */
export type NamedHost = { name: string; port: number }

// Letters of other scripts arrive as punycode; user names, spaces and signs have no place in a Host header.
const authority = /^(\[[\da-f:.]+\]|[a-z\d_-]+(?:\.[a-z\d_-]+)*)\.?(?::(\d{0,5}))?$/i

/** Parses a `Host` header, or the authority of a URL. Null: it names no host. Without a port it is `defaultPort`. */
export function readHost(text: string | undefined, defaultPort: number): NamedHost | null {
  const [, name, port] = authority.exec(text ?? '') ?? []
  return name === undefined ? null : { name: name.toLowerCase(), port: port ? Number(port) : defaultPort }
}

/** The value of the one Host header. Undefined when there is none, or several: which of them is meant would be a guess. */
export function onlyHostHeader(rawHeaders: readonly string[]): string | undefined {
  const given = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase() === 'host')
  return given.length === 1 ? given[0] : undefined
}

/** The host of an http(s) URL, with the port that its scheme implies. */
export function hostOfUrl(url: string): NamedHost {
  const { hostname, port, protocol } = new URL(url)
  return { name: hostname.replace(/\.$/, ''), port: port ? Number(port) : defaultPortOf(protocol) }
}

/** 443 for `https:`, else 80. */
export function defaultPortOf(protocol: string): number {
  return protocol === 'https:' ? 443 : 80
}

/** Whether it is a name of this machine's loopback interface. */
export function isLoopback({ name }: NamedHost): boolean {
  return name === 'localhost' || name === '127.0.0.1' || name === '[::1]'
}

/**
 * Whether it is an IP address, `*.localhost`, or a name without a dot, such as a container's. None of these can be registered and
 * pointed at another machine, which is what DNS rebinding needs.
 */
export function isLocalName({ name }: NamedHost): boolean {
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || !name.includes('.') || name.endsWith('.localhost')
}

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../platform/environment.ts'
import type { Place } from '../embedded-postgres/place.ts'
import { serveInBackground } from './background.ts'
import { shareOut } from './round-robin.ts'

/** The recipe that the documentation hands out, so that what is measured is what is recommended. */
const recipe = join(root, 'deploy', 'haproxy.cfg')

/** Starts HAProxy by the recipe, or our own small proxy where there is none, on this port before these nodes. */
export async function startBalancer(
  program: string | null,
  { port, nodes, place, logs }: { port: number; nodes: readonly number[]; place: Place; logs: string },
): Promise<{ stop(): Promise<void> }> {
  if (!program) return shareOut(port, nodes)
  const file = join(place.home, 'haproxy.cfg')
  writeFileSync(file, fillIn(readFileSync(recipe, 'utf8'), port, nodes), { mode: 0o644 })
  return serveInBackground(program, { args: ['-db', '-f', file], place, port, logFile: join(logs, 'haproxy.log') })
}

/**
 * The recipe with ports of this machine: one address without TLS instead of its own, and these nodes in the place of the ones it
 * names. What belongs to a service of the system (account, chroot, sockets) is left out. Throws when it names another number of nodes.
 */
export function fillIn(text: string, port: number, nodes: readonly number[]): string {
  const left = [...nodes]
  const lines = text.split('\n').flatMap((line) => {
    if (/^\s*(user|group|chroot|daemon|log|stats|master-worker|ssl-\S+|http-request redirect)\b/.test(line)) return []
    if (/^\s*bind\s/.test(line)) return [`${indentOf(line)}bind 127.0.0.1:${port}`]
    const server = /^(\s*server\s+\S+\s+)\S+(.*)$/.exec(line)
    return server ? [`${server[1]}127.0.0.1:${left.shift()}${server[2]}`] : [line]
  })
  // A recipe may listen on two ports, one of them only to redirect.
  const once = lines.filter((line, i) => !/^\s*bind\s/.test(line) || lines.indexOf(line) === i)
  if (left.length > 0 || once.some((line) => line.includes('undefined')))
    throw new Error(`deploy/haproxy.cfg does not name ${nodes.length} servers`)
  return once.join('\n')
}

const indentOf = (line: string) => /^\s*/.exec(line)![0]

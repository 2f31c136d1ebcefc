import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Place } from '../embedded-postgres/place.ts'
import { serveInBackground } from './background.ts'
import { haproxyRecipe } from './programs.ts'
import { startRoundRobin } from './round-robin.ts'

/** Starts HAProxy by the recipe, or our own small proxy where there is none, on this port before these nodes. */
export async function startBalancer(
  program: string | null,
  { port, nodes, place, logs }: { port: number; nodes: readonly number[]; place: Place; logs: string },
): Promise<{ stop(): Promise<void> }> {
  if (!program) return startRoundRobin({ port, nodes: nodes.map((node) => `http://127.0.0.1:${node}`) })
  const file = join(place.home, 'haproxy.cfg')
  writeFileSync(file, fillIn(readFileSync(haproxyRecipe, 'utf8'), port, nodes), { mode: 0o644 })
  return serveInBackground(program, { args: ['-db', '-f', file], place, port, logFile: join(logs, 'haproxy.log') })
}

/**
 * The recipe with ports of this machine: one address without TLS instead of its own, and these nodes in the place of the ones it
 * names, in the same order in each backend. What belongs to a service of the system (account, limits, log, sockets) and what only
 * leads to https is left out. Throws when it names another number of nodes.
 */
export function fillIn(text: string, port: number, nodes: readonly number[]): string {
  let isBound = false
  let named = 0
  const sections = text.split(/\n(?=[a-z])/)
  const served = sections.filter(
    (section) => !section.startsWith('frontend') || /^\s+(default|use)_backend/m.test(section),
  )
  const lines = served
    .flatMap((section) => section.split('\n'))
    .flatMap((line) => {
      if (ofTheSystem.test(line) || forgetsAddress.test(line)) return []
      const [, bind] = /^(\s+bind\s+)/.exec(line) ?? []
      if (bind) {
        const first = isBound ? [] : [`${bind}127.0.0.1:${port}`]
        isBound = true
        return first
      }
      const [, server, more] = /^(\s+server\s+\S+\s+)\S+(.*)$/.exec(line) ?? []
      return server ? [`${server}127.0.0.1:${nodes[named++ % nodes.length]}${more}`] : [line]
    })
  if (named === 0 || named % nodes.length !== 0)
    throw new Error(`deploy/haproxy.cfg names ${named} nodes, and here are ${nodes.length}`)
  return lines.join('\n')
}

const ofTheSystem =
  /^\s+(user|group|chroot|daemon|log|maxconn|stats|master-worker|ssl-\S+|http-request redirect scheme)\b/
/** People of the trial say in it which address they stand for, or they would share one's limits. */
const forgetsAddress = /^\s+http-request del-header X-Forwarded-For$/

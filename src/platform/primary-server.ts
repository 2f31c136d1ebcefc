import { setTimeout as pause } from 'node:timers/promises'
import type { Server } from './database-address.ts'
import type { ServerChoice } from './database-sockets.ts'

/** What a server says of itself. The timeline grows by one with each promotion. */
export type ServerState = { writes: boolean; timeline: number }

/** How long a server may take to answer: a frozen one, or a pooler whose server is gone, says nothing for minutes. */
const answerMs = 2_000
/** How long others may still answer after the first that writes did: an old primary may have come back beside the new one. */
const othersMs = 200
/** How long it is remembered that none writes; whoever asks meanwhile is told at once. */
const refusedMs = 200

/**
 * Chooses the one of several servers that takes writes, of two the one with the later timeline, by asking all of them at once. It
 * stays chosen until a connection to it ends.
 */
export function primaryAmong(servers: readonly Server[], ask: (server: Server) => Promise<ServerState>): ServerChoice {
  let chosen: Promise<Server> | null = null
  return {
    find() {
      if (chosen) return chosen
      const choosing = choose(servers, ask)
      choosing.catch(async () => {
        await pause(refusedMs, undefined, { ref: false })
        if (chosen === choosing) chosen = null
      })
      chosen = choosing
      return choosing
    },
    forget() {
      chosen = null
    },
  }
}

async function choose(servers: readonly Server[], ask: (server: Server) => Promise<ServerState>): Promise<Server> {
  const found: { server: Server; timeline: number }[] = []
  const refusals: string[] = []
  const answers = servers.map(async (server) => {
    const { writes, timeline } = await Promise.race([ask(server), silence()])
    if (!writes) throw new Error('takes no writes')
    found.push({ server, timeline })
  })
  for (const [i, answer] of answers.entries())
    answer.catch((error: Error) => refusals.push(`${servers[i]!.host}:${servers[i]!.port} ${error.message}`))
  try {
    await Promise.any(answers)
  } catch {
    throw Object.assign(new Error(`None of the servers in DATABASE_URL takes writes (${refusals.join('; ')})`), {
      code: 'ERECOVERY',
    })
  }
  await Promise.race([Promise.allSettled(answers), pause(othersMs)])
  const latest = Math.max(...found.map(({ timeline }) => timeline))
  // Of two with the same timeline the one that is named first.
  return servers.find((server) => found.some((one) => one.server === server && one.timeline === latest))!
}

async function silence(): Promise<never> {
  await pause(answerMs, undefined, { ref: false })
  throw new Error('does not answer')
}

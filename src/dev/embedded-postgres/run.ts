import { type SpawnOptions, spawn } from 'node:child_process'
import { parse } from 'node:path'
import type { Place } from './place.ts'

/** Runs one of PostgreSQL's programs to its end; throws with its output when it fails. */
export async function run(program: string, { args, place }: { args: string[]; place: Place }): Promise<void> {
  const child = spawn(program, args, { ...spawnOptions(place), stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.on('error', (error) => reject(cannotRun(program, error.message)))
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  if (code !== 0) throw cannotRun(program, output.trim().split('\n').slice(-8).join('\n') || `it ended with ${code}`)
}

/** Options to spawn PostgreSQL's programs: as the unprivileged account, without this process's environment. */
export function spawnOptions(place: Place): SpawnOptions {
  const { PATH, SystemRoot, TEMP, TMP } = process.env
  return {
    // The account may have no access to the present folder.
    cwd: parse(place.home).root,
    env: { PATH, SystemRoot, TEMP, TMP, LC_ALL: 'C', TZ: 'UTC' },
    windowsHide: true,
    ...(place.account ? { uid: place.account.uid, gid: place.account.gid } : {}),
  }
}

/** An error for a machine that cannot run the binaries, with what to do instead. */
export function cannotRun(program: string, reason: string): Error {
  return new Error(
    `The embedded PostgreSQL cannot run here: ${reason}\n(${program})\n` +
      'Set DATABASE_URL to a PostgreSQL of your own to do without it.',
  )
}

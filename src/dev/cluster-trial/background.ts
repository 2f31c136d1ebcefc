import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Place } from '../embedded-postgres/place.ts'
import { spawnOptions } from '../embedded-postgres/run.ts'

/**
 * Runs a program that serves a port until it is stopped, as an unprivileged account when this process is root. What it prints
 * goes to `logFile`. Throws with that when the port does not answer within ten seconds.
 */
export async function serveInBackground(
  program: string,
  { args, place, port, logFile }: { args: string[]; place: Place; port: number; logFile: string },
): Promise<{ stop(): Promise<void> }> {
  const child = spawn(program, args, { ...spawnOptions(place), stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(logFile, { flags: 'a' })
  let printed = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => {
      printed = `${printed}${chunk}`.slice(-2_000)
      log.write(chunk)
    })
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  const stop = async () => {
    child.kill('SIGTERM')
    for (let i = 0; i < 100 && runs(child); i++) await pause(20)
    child.kill('SIGKILL')
    log.end()
  }
  for (const end = Date.now() + 10_000; !(await answers(port)); await pause(50)) {
    if (!failure && runs(child) && Date.now() < end) continue
    await stop()
    throw failure ?? new Error(`${program} does not serve port ${port}: ${printed}`)
  }
  return { stop }
}

const runs = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

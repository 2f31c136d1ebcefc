import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { until } from '../support/until.ts'

/** A dozen times the time between two looks at /readyz, so that a busy machine is not late with them. */
const drainMs = 2_000
const settings = { SHUTDOWN_DRAIN_MS: String(drainMs), SHUTDOWN_GRACE_MS: '6000', LOG_LEVEL: 'warn' }
let harness: ProcessHarness
beforeAll(async () => {
  harness = await buildHarness()
}, 60_000)
afterAll(() => harness.close())

/** An instance as a proxy sees it: connections that are kept and used again, and whether it may be sent anything. */
type Target = { app: AppProcess; agent: Agent; isReady: boolean; stopped: number | null }
const targetOf = (app: AppProcess): Target => ({
  app,
  agent: new Agent({ keepAlive: true, maxSockets: 12 }),
  isReady: true,
  stopped: null,
})

function ask(target: Target, path: string): Promise<string> {
  return new Promise((resolve) => {
    const sending = request(target.app.url + path, { agent: target.agent }, (response) => {
      response.resume()
      response.on('end', () => resolve(String(response.statusCode)))
      response.on('error', (error) => resolve(error.message))
    })
    sending.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    sending.end()
  })
}

/** Looks at /readyz every so often, over a connection of its own, as health checks do, until the returned function is called. */
function watch(target: Target): () => void {
  let on = true
  const look = async () => {
    while (on) {
      const answer = await fetch(`${target.app.url}/readyz`, { headers: { connection: 'close' } }).catch(() => null)
      target.isReady = answer?.status === 200
      await pause(150)
    }
  }
  void look()
  return () => {
    on = false
  }
}

const paths = ['/', '/login', '/terms', '/healthz', '/forgot-password']

describe('two instances, restarted one after the other again and again', () => {
  test('behind a proxy that looks at /readyz and keeps its connections, no request of 10,000 fails', {
    timeout: 240_000,
  }, async () => {
    const targets = [targetOf(await harness.start(settings)), targetOf(await harness.start(settings))]
    const watches = new Map(targets.map((target) => [target, watch(target)]))
    const endings: Record<string, number> = {}
    const failures: string[] = []
    let asked = 0
    let restarts = 0
    let on = true
    const clients = Array.from({ length: 16 }, async (_, i) => {
      for (let n = i; on; n++) {
        const ready = targets.filter(({ isReady }) => isReady)
        const target = ready[n % ready.length]
        const end = target ? await ask(target, paths[n % paths.length]!) : 'nobody is ready'
        asked++
        endings[end] = (endings[end] ?? 0) + 1
        const when = target?.stopped ? `${Date.now() - target.stopped} ms after SIGTERM` : 'running'
        if (end !== '200') failures.push(`${end}, ${when}`)
        // Some come all the time, some leave their connection idle for up to two seconds.
        await pause(i < 8 ? 2 : (n * 137) % 2_000)
      }
    })
    while (restarts < 6 || asked < 10_000) {
      const at = restarts++ % 2
      const next = targetOf(await harness.start(settings))
      const old = targets[at]!
      targets[at] = next
      watches.set(next, watch(next))
      // Both stand in the balance until the old one says no.
      targets.push(old)
      old.stopped = Date.now()
      expect(await old.app.stop('SIGTERM')).toBe(0)
      targets.splice(targets.indexOf(old), 1)
      watches.get(old)!()
      watches.delete(old)
      old.agent.destroy()
    }
    on = false
    await Promise.all(clients)
    for (const stop of watches.values()) stop()
    console.log(`${asked} requests over ${restarts} restarts:`, endings)
    expect(failures).toEqual([])
    for (const { app, agent } of targets) {
      agent.destroy()
      await app.stop('SIGKILL')
    }
  })
})

describe('one instance that is asked to end', () => {
  test('/readyz says no at once, everything is served and told to come anew, then nobody is let in, and it ends with 0', async () => {
    const app = await harness.start(settings)
    const stopped = Date.now()
    const ended = app.stop('SIGTERM')
    await until(async () => (await fetch(`${app.url}/readyz`)).status === 503)
    expect(Date.now() - stopped).toBeLessThan(drainMs)
    for (const path of paths) {
      const answer = await fetch(app.url + path)
      expect([path, answer.status, answer.headers.get('connection')]).toEqual([path, 200, 'close'])
    }
    await until(async () =>
      fetch(app.url).then(
        () => false,
        () => true,
      ),
    )
    expect(Date.now() - stopped).toBeGreaterThanOrEqual(drainMs)
    expect(await ended).toBe(0)
  })

  test('who looks at nothing and tries nothing again is answered whatever was sent while it served', {
    timeout: 60_000,
  }, async () => {
    const app = await harness.start(settings)
    const target = targetOf(app)
    const endings: { at: number; end: string }[] = []
    let on = true
    const clients = Array.from({ length: 10 }, async (_, i) => {
      while (on) {
        const at = Date.now()
        endings.push({ at, end: await ask(target, paths[i % paths.length]!) })
        await pause(i * 20)
      }
    })
    await pause(500)
    const stopped = Date.now()
    expect(await app.stop('SIGTERM')).toBe(0)
    on = false
    await Promise.all(clients)
    // What leaves us in the last moments of that time may arrive after it.
    const served = endings.filter(({ at }) => at < stopped + drainMs / 2)
    expect(served.length).toBeGreaterThan(20) // a busy machine answers fewer, but not none
    expect(served.filter(({ end }) => end !== '200').map(({ at, end }) => `${end} after ${at - stopped} ms`)).toEqual(
      [],
    )
    // After that: answered, or refused before anything was read.
    const later = new Set(endings.filter(({ at }) => at >= stopped + drainMs / 2).map(({ end }) => end))
    for (const end of later) expect(['200', 'ECONNREFUSED', 'ECONNRESET']).toContain(end)
  })

  test('connections that were opened and never used do not hold it up', async () => {
    const app = await harness.start({ ...settings, HOST: '127.0.0.1', SHUTDOWN_DRAIN_MS: '0' })
    const silent = Array.from({ length: 5 }, () => connect(Number(new URL(app.url).port), '127.0.0.1'))
    for (const socket of silent) socket.on('error', () => {})
    await pause(300)
    const stopped = Date.now()
    expect(await app.stop('SIGTERM')).toBe(0)
    expect(Date.now() - stopped).toBeLessThan(4_500)
    for (const socket of silent) socket.destroy()
  })
})

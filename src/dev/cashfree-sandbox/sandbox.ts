import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { onlyOwnBrowser } from '../local-browser.ts'
import { api } from './api/api.ts'
import { assets } from './assets.ts'
import { checkout } from './checkout/checkout.ts'
import { createClock } from './clock.ts'
import { consoleRoutes } from './console/console.ts'
import type { SandboxContext } from './context.ts'
import { type Control, createControl } from './control.ts'
import { controlRoutes } from './control-routes.ts'
import { createFaults } from './faults.ts'
import { openLedger, snapshotOf } from './ledger.ts'
import { createScheduledEvents, type ScheduledEvents } from './scheduled-events.ts'
import { DEFAULT_SETTINGS, type Settings } from './settings.ts'
import { readSnapshot, type SnapshotWriter, writeSnapshots } from './snapshot.ts'

export type SandboxOptions = {
  host: string
  /** 0 for any free one. */
  port: number
  /** How browsers reach it; `http://localhost:PORT` when absent. */
  publicUrl?: string
  clientId: string
  clientSecret: string
  /** The endpoint "configured in the dashboard"; orders may name another in notify_url. */
  webhookUrl: string | null
  /** Where orders survive a restart; null keeps them in memory. */
  stateFile: string | null
  log?: (line: string) => void
  settings?: Partial<Settings>
}

export type Sandbox = {
  /** Where it listens. */
  url: string
  port: number
  publicUrl: string
  /** Breaks open connections, saves the snapshot, and is done. */
  close(): Promise<void>
  control: Control
}

/** Starts the Cashfree look-alike: API at /pg, hosted checkout, browser script, console at /, control at /control. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const closing = new AbortController()
  const { world, keeper } = await createWorld(options, closing.signal)
  const agenda = createScheduledEvents(world)
  const control = createControl(world, agenda)
  world.changed = oncePerTurn(() => {
    agenda.rearm()
    keeper?.soon()
  })

  const app = buildServer(world, agenda, control)
  onlyOwnBrowser(app, {
    names: [options.host, ...(options.publicUrl ? [new URL(options.publicUrl).hostname] : [])],
    port: () => (app.server.address() as AddressInfo).port,
    isPublic: (path) => /^\/(pg|js|assets)\//.test(path),
  })
  await app.listen({ host: options.host, port: options.port })
  const { port } = app.server.address() as AddressInfo
  world.publicUrl = (options.publicUrl ?? `http://localhost:${port}`).replace(/\/$/, '')
  agenda.rearm()

  async function close() {
    closing.abort()
    agenda.stop()
    await app.close()
    await Promise.all(world.inFlight)
    keeper?.soon()
    await keeper?.flush()
  }
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { url: `http://${host}:${port}`, port, publicUrl: world.publicUrl, close, control }
}

async function createWorld(
  options: SandboxOptions,
  closing: AbortSignal,
): Promise<{ world: SandboxContext; keeper?: SnapshotWriter }> {
  const log = options.log ?? (() => {})
  const snapshot = options.stateFile === null ? undefined : await readSnapshot(options.stateFile, log)
  const world: SandboxContext = {
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    publicUrl: '',
    webhookUrl: options.webhookUrl,
    webhooksPaused: false,
    settings: { ...DEFAULT_SETTINGS, ...options.settings },
    clock: createClock(snapshot?.clockOffsetMs),
    ledger: openLedger(snapshot),
    faults: createFaults(() => world.changed()),
    inFlight: new Set(),
    closing,
    log,
    changed: () => {},
  }
  if (options.stateFile === null) return { world }
  const take = () => snapshotOf(world.ledger, world.clock.offsetMs())
  return { world, keeper: writeSnapshots(options.stateFile, take, log) }
}

function buildServer(world: SandboxContext, agenda: ScheduledEvents, control: Control): FastifyInstance {
  const app = Fastify({
    // Faults and the control API break and slow connections on purpose; nothing here is worth Fastify's own log.
    logger: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  })
  // A restart may have found duties that are overdue, and timers are late: nobody may see a stale world.
  app.addHook('onRequest', async () => agenda.catchUp())
  app.register(assets)
  app.register(api(world), { prefix: '/pg' })
  app.register(checkout(world, agenda.settled), { prefix: '/pg/view' })
  app.register(controlRoutes(control), { prefix: '/control' })
  app.register(consoleRoutes(world, control))
  return app
}

/** Many changes in one turn of the event loop count as one. */
function oncePerTurn(work: () => void): () => void {
  let planned = false
  return () => {
    if (planned) return
    planned = true
    queueMicrotask(() => {
      planned = false
      work()
    })
  }
}

import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { api } from './api/api.ts'
import { assets } from './assets.ts'
import { checkout } from './checkout/checkout.ts'
import { mandateCheckout } from './checkout/mandate-checkout.ts'
import { createClock } from './clock.ts'
import { consoleRoutes } from './console/console.ts'
import type { SandboxContext } from './context.ts'
import { type Control, createControl } from './control/control.ts'
import { controlRoutes } from './control/routes.ts'
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
  /** The endpoint of the dashboard's own tab for subscriptions, since the other one gets none of their events; none when absent. */
  subscriptionWebhookUrl?: string | null
  /** Where orders and mandates survive a restart; null keeps them in memory. */
  stateFile: string | null
  log?: (line: string) => void
  settings?: Partial<Settings>
  /** Guards the console and the control API, which ask for no log-in; without it, every browser and program may call them. */
  protect?: (app: FastifyInstance, pages: ProtectedPages) => void
}

export type ProtectedPages = {
  /** Host names under which it is reached, besides those of this machine. */
  names: string[]
  port: () => number
  /** What shops and their customers call from elsewhere: API, hosted checkout, browser script. */
  isPublic: (path: string) => boolean
}

export type Sandbox = {
  /** Where it listens. */
  url: string
  port: number
  publicUrl: string
  /** Breaks open connections and saves the snapshot. */
  close(): Promise<void>
  control: Control
}

/** Starts the Cashfree look-alike: API at /pg, hosted checkout, browser script, console at /, control at /control. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const closing = new AbortController()
  const { context, snapshots } = await createContext(options, closing.signal)
  const scheduledEvents = createScheduledEvents(context)
  const control = createControl(context, scheduledEvents)
  context.changed = oncePerTurn(() => {
    scheduledEvents.rearm()
    snapshots?.soon()
  })

  const app = buildServer(context, scheduledEvents, control)
  options.protect?.(app, {
    names: [options.host, ...(options.publicUrl ? [new URL(options.publicUrl).hostname] : [])],
    port: () => (app.server.address() as AddressInfo).port,
    isPublic: (path) => /^\/(pg|js|assets)\//.test(path),
  })
  await app.listen({ host: options.host, port: options.port })
  const { port } = app.server.address() as AddressInfo
  context.publicUrl = (options.publicUrl ?? `http://localhost:${port}`).replace(/\/$/, '')
  scheduledEvents.rearm()

  async function close() {
    closing.abort()
    scheduledEvents.stop()
    await app.close()
    await Promise.all(context.inFlight)
    snapshots?.soon()
    await snapshots?.flush()
  }
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { url: `http://${host}:${port}`, port, publicUrl: context.publicUrl, close, control }
}

async function createContext(
  options: SandboxOptions,
  closing: AbortSignal,
): Promise<{ context: SandboxContext; snapshots?: SnapshotWriter }> {
  const log = options.log ?? (() => {})
  const snapshot = options.stateFile === null ? undefined : await readSnapshot(options.stateFile, log)
  const context: SandboxContext = {
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    publicUrl: '',
    webhookUrl: options.webhookUrl,
    subscriptionWebhookUrl: options.subscriptionWebhookUrl ?? null,
    webhooksPaused: false,
    settings: { ...DEFAULT_SETTINGS, ...options.settings },
    clock: createClock(snapshot?.clockOffsetMs),
    ledger: openLedger(snapshot),
    faults: createFaults(() => context.changed()),
    inFlight: new Set(),
    closing,
    log,
    changed: () => {},
  }
  if (options.stateFile === null) return { context }
  const take = () => snapshotOf(context.ledger, context.clock.offsetMs())
  return { context, snapshots: writeSnapshots(options.stateFile, take, log) }
}

function buildServer(context: SandboxContext, scheduledEvents: ScheduledEvents, control: Control): FastifyInstance {
  const app = Fastify({
    // Faults and the control API break and delay connections on purpose, which would fill Fastify's own log.
    logger: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  })
  // Events may be overdue after a restart, and timers fire late: no request sees a state that time has passed.
  app.addHook('onRequest', async () => scheduledEvents.catchUp())
  app.register(assets)
  app.register(api(context), { prefix: '/pg' })
  app.register(checkout(context, scheduledEvents.settled), { prefix: '/pg/view' })
  app.register(mandateCheckout(context, scheduledEvents.settled), { prefix: '/pg/view' })
  app.register(controlRoutes(control), { prefix: '/control' })
  app.register(consoleRoutes(context, control))
  return app
}

/** Runs the work once for all calls in one turn of the event loop. */
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

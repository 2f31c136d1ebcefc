import { setTimeout as sleep } from 'node:timers/promises'
import { istTime } from '../clock.ts'
import type { SandboxContext } from '../context.ts'
import type { ActiveFault, FaultSwitches } from '../faults.ts'
import { openLedger } from '../ledger.ts'
import type { Mandate } from '../mandate-model.ts'
import type { Delivery, Order } from '../model.ts'
import { expireNow, type OrderStatus, statusOf } from '../orders.ts'
import type { ScheduledEvents } from '../scheduled-events.ts'
import type { Settings } from '../settings.ts'
import { releaseHeld } from '../webhooks/announce.ts'
import { disputeControl } from './disputes.ts'
import { ControlError, findOrder } from './find.ts'
import { mandateControl } from './mandates.ts'
import { paymentControl } from './payments.ts'
import { webhookControl, webhooksOf } from './webhooks.ts'

/** An order with its status at this moment. */
export type OrderState = Order & { orderId: string; status: OrderStatus }

export type ControlState = {
  clock: { now: string; nowMs: number; offsetMs: number }
  webhooks: ReturnType<typeof webhooksOf>
  settings: Settings
  faults: ActiveFault[]
  /** Newest first, as the deliveries are. */
  orders: OrderState[]
  mandates: Mandate[]
  deliveries: Delivery[]
}

export type Control = ReturnType<typeof createControl>

/** Everything that can be done to the sandbox: the console, the control API and tests in the same process use it. */
export function createControl(context: SandboxContext, scheduledEvents: ScheduledEvents) {
  return {
    ...paymentControl(context),
    ...disputeControl(context),
    ...mandateControl(context),
    ...webhookControl(context),

    state: (): ControlState => ({
      clock: { now: istTime(context.clock.now()), nowMs: context.clock.now(), offsetMs: context.clock.offsetMs() },
      webhooks: webhooksOf(context),
      settings: context.settings,
      faults: context.faults.active(),
      orders: [...context.ledger.orders.values()].map((order) => stateOf(context, order)).reverse(),
      mandates: [...context.ledger.mandates.values()].reverse(),
      deliveries: context.ledger.deliveries.toReversed(),
    }),

    order: (orderId: string) => stateOf(context, findOrder(context, orderId)),

    /** Lets the order expire now. */
    expire(orderId: string) {
      const order = findOrder(context, orderId)
      expireNow(context, order)
      return stateOf(context, order)
    },

    /** Moves the clock, and does all that falls into that time, retries of webhooks included. */
    advance: (ms: number) => scheduledEvents.advance(ms),

    /** The same, to a moment like `2026-12-09T13:00:00+05:30`; one in the past changes nothing. */
    advanceTo(moment: string) {
      const target = Date.parse(moment)
      if (Number.isNaN(target)) throw new ControlError(400, 'That is not a moment')
      return scheduledEvents.advance(Math.max(0, target - context.clock.now()))
    },

    /** Puts the clock back to real time. */
    resetClock() {
      context.clock.setOffset(0)
      context.changed()
    },

    /** Resolves when every webhook that is due has been sent and answered. */
    settled: () => scheduledEvents.settled(),

    faults(switches: FaultSwitches): ActiveFault[] {
      context.faults.set(switches)
      if (switches.outOfOrderWebhooks === false) releaseHeld(context)
      return context.faults.active()
    },

    clearFaults() {
      context.faults.clear()
      releaseHeld(context)
    },

    settings(changes: Partial<Settings>): Settings {
      const unknown = Object.keys(changes).find((name) => !Object.hasOwn(context.settings, name))
      if (unknown) throw new ControlError(400, `There is no setting called ${unknown}`)
      Object.assign(context.settings, changes)
      context.changed()
      return context.settings
    },

    /** Forgets everything: orders, mandates, deliveries, faults, the clock. Settings and the webhook addresses stay. */
    async reset() {
      // A webhook that is being sent writes into its own delivery, which the new ledger does not hold.
      await Promise.race([Promise.all(context.inFlight), sleep(200)])
      const { lastId } = context.ledger
      context.ledger = openLedger()
      context.ledger.lastId = Math.max(lastId, context.ledger.lastId)
      context.webhooksPaused = false
      context.clock.setOffset(0)
      context.faults.clear()
      context.changed()
    },
  }
}

function stateOf(context: SandboxContext, order: Order): OrderState {
  return { ...order, orderId: order.id, status: statusOf(order, context.clock.now()) }
}

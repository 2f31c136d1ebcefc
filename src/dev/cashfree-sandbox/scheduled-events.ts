import type { SandboxContext } from './context.ts'
import { mandateEvents } from './mandate-events.ts'
import type { Attempt, Delivery, Refund } from './model.ts'
import { answerByItself, close, drop } from './payments.ts'
import { settleRefund } from './refunds.ts'
import { startSending } from './webhooks/deliver.ts'

type ScheduledEvent = { at: number; run: () => void }

export type ScheduledEvents = {
  /** Runs all that is due, in order of time. Webhooks are started, not awaited. */
  catchUp(): void
  /** Sets the timer for the next event. */
  rearm(): void
  /** Moves the clock forward and runs what falls into that time; webhooks are awaited. */
  advance(ms: number): Promise<void>
  /** Resolves when everything due has been done and answered. */
  settled(): Promise<void>
  stop(): void
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** Runs what happens as time passes. What is due is derived from the ledger, so it survives a restart. */
export function createScheduledEvents(context: SandboxContext): ScheduledEvents {
  let timer: NodeJS.Timeout | undefined

  function catchUp() {
    for (let event = nextEvent(context); event && event.at <= context.clock.now(); event = nextEvent(context))
      event.run()
  }

  function rearm() {
    clearTimeout(timer)
    if (context.closing.aborted) return
    const event = nextEvent(context)
    if (!event) return
    const wait = Math.min(Math.max(0, event.at - context.clock.now()), LONGEST_TIMEOUT_MS)
    timer = setTimeout(() => {
      catchUp()
      rearm()
    }, wait)
  }

  async function settled() {
    catchUp()
    while (context.inFlight.size > 0) {
      await Promise.all(context.inFlight)
      catchUp()
    }
  }

  async function advance(ms: number) {
    const target = context.clock.now() + ms
    await settled()
    for (let event = nextEvent(context); event && event.at <= target; event = nextEvent(context)) {
      context.clock.moveTo(event.at)
      await settled()
    }
    context.clock.moveTo(target)
    await settled()
    context.changed()
  }

  return { catchUp, rearm, advance, settled, stop: () => clearTimeout(timer) }
}

function nextEvent(context: SandboxContext): ScheduledEvent | undefined {
  const { liveAttempts, liveRefunds, openDeliveries } = context.ledger
  let next: ScheduledEvent | undefined
  const offer = (event: ScheduledEvent) => {
    if (!next || event.at < next.at) next = event
  }
  for (const attempt of liveAttempts) offer(eventOfAttempt(context, attempt))
  for (const refund of liveRefunds) offer(eventOfRefund(context, refund))
  for (const event of mandateEvents(context)) offer(event)
  if (!context.webhooksPaused) for (const delivery of openDeliveries) offer(eventOfDelivery(context, delivery))
  return next
}

function eventOfAttempt(context: SandboxContext, attempt: Attempt): ScheduledEvent {
  const end: ScheduledEvent = { at: attempt.ttlEndsAt, run: () => close(context, attempt) }
  if (attempt.settles && attempt.settles.at <= end.at) {
    return { at: attempt.settles.at, run: () => answerByItself(context, attempt) }
  }
  if (attempt.dropsAt !== null && attempt.dropsAt <= end.at) {
    return { at: attempt.dropsAt, run: () => drop(context, attempt) }
  }
  return end
}

function eventOfRefund(context: SandboxContext, refund: Refund): ScheduledEvent {
  return { at: refund.settlesAt!, run: () => settleRefund(context, refund, context.settings.refundOutcome) }
}

function eventOfDelivery(context: SandboxContext, delivery: Delivery): ScheduledEvent {
  return { at: delivery.dueAt!, run: () => void startSending(context, delivery) }
}

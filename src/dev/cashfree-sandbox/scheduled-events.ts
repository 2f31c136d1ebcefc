import type { SandboxContext } from './context.ts'
import type { Attempt, Delivery, Refund } from './ledger.ts'
import { answerByItself, close, drop } from './payments.ts'
import { settleRefund } from './refunds.ts'
import { startSending } from './webhooks/deliver.ts'

type Duty = { at: number; run: () => void }

export type ScheduledEvents = {
  /** Does all that is due, in the order of time. Sendings are started, not awaited. */
  catchUp(): void
  /** Sets the alarm for the next duty. */
  rearm(): void
  /** Moves the clock and lives through that time: retries that fall into it are sent, and awaited. */
  advance(ms: number): Promise<void>
  /** Waits until everything due has been done and answered. */
  settled(): Promise<void>
  stop(): void
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** Time's part in the sandbox: what is due is read from the books, so that it survives a restart by itself. */
export function createScheduledEvents(world: SandboxContext): ScheduledEvents {
  let alarm: NodeJS.Timeout | undefined

  function catchUp() {
    for (let duty = nextDuty(world); duty && duty.at <= world.clock.now(); duty = nextDuty(world)) duty.run()
  }

  function rearm() {
    clearTimeout(alarm)
    if (world.closing.aborted) return
    const duty = nextDuty(world)
    if (!duty) return
    const wait = Math.min(Math.max(0, duty.at - world.clock.now()), LONGEST_TIMEOUT_MS)
    alarm = setTimeout(() => {
      catchUp()
      rearm()
    }, wait)
  }

  async function settled() {
    catchUp()
    while (world.inFlight.size > 0) {
      await Promise.all(world.inFlight)
      catchUp()
    }
  }

  async function advance(ms: number) {
    const target = world.clock.now() + ms
    await settled()
    for (let duty = nextDuty(world); duty && duty.at <= target; duty = nextDuty(world)) {
      world.clock.moveTo(duty.at)
      await settled()
    }
    world.clock.moveTo(target)
    await settled()
    world.changed()
  }

  return { catchUp, rearm, advance, settled, stop: () => clearTimeout(alarm) }
}

function nextDuty(world: SandboxContext): Duty | undefined {
  const { liveAttempts, liveRefunds, openDeliveries } = world.ledger
  let next: Duty | undefined
  const offer = (duty: Duty | undefined) => {
    if (duty && (!next || duty.at < next.at)) next = duty
  }
  for (const attempt of liveAttempts) offer(dutyOfAttempt(world, attempt))
  for (const refund of liveRefunds) offer(dutyOfRefund(world, refund))
  if (!world.webhooksPaused) for (const delivery of openDeliveries) offer(dutyOfDelivery(world, delivery))
  return next
}

function dutyOfAttempt(world: SandboxContext, attempt: Attempt): Duty {
  const end: Duty = { at: attempt.ttlEndsAt, run: () => close(world, attempt) }
  if (attempt.settles && attempt.settles.at <= end.at) {
    return { at: attempt.settles.at, run: () => answerByItself(world, attempt) }
  }
  if (attempt.dropsAt !== null && attempt.dropsAt <= end.at) {
    return { at: attempt.dropsAt, run: () => drop(world, attempt) }
  }
  return end
}

function dutyOfRefund(world: SandboxContext, refund: Refund): Duty {
  return { at: refund.settlesAt!, run: () => settleRefund(world, refund, world.settings.refundOutcome) }
}

function dutyOfDelivery(world: SandboxContext, delivery: Delivery): Duty {
  return { at: delivery.dueAt!, run: () => void startSending(world, delivery) }
}

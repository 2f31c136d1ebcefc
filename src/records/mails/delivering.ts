import { claimMails, type LeasedMail, skipHanded } from './queries.ts'
import { probeQueueNow, resumeQueue, returnTurn } from './queue-queries.ts'
import { mailSending, type Sending } from './sending.ts'

/** What is left after this goes on with the next run, so that no run outlives the job queue's patience (a quarter of an hour). */
const runMs = 8 * 60_000
/** The outbox is looked into at least so often while mails are sent: others write to it. */
const lookMs = 500
/** And not more often than this. */
const shortestWaitMs = 20

type Delivery = Sending & {
  /** At most so many mails a second leave, all processes together; null: no limit. */
  perSecond: number | null
  /** Called before looking for mails; it may enqueue some. */
  before?: () => Promise<unknown>
}

/** How many mails the server accepted, and whether some were left to the next run. */
type Delivered = { sent: number; isMoreDue: boolean }

/**
 * The job that sends what is due until nothing is. A process sends only once at a time: who calls while it does makes it look into
 * the outbox at once, and waits for its end. When `stopping` is aborted no further mail is begun.
 */
export function mailDelivery(given: Delivery): (stopping?: AbortSignal) => Promise<Delivered> {
  let running: { delivered: Promise<Delivered>; look: () => void } | undefined
  return (stopping) => {
    if (running) running.look()
    else {
      const alarm = wakeable()
      const delivered = deliver(given, alarm, stopping).finally(() => {
        running = undefined
      })
      running = { delivered, look: alarm.wake }
    }
    return running.delivered
  }
}

/**
 * Claims mails for the connections that are free, and as many again to compose meanwhile; mails to one person are claimed and sent
 * before bulk mails, and also when there is no room for those. With a limit none is claimed ahead: each turn goes to the most urgent.
 */
async function deliver(given: Delivery, alarm: Alarm, stopping?: AbortSignal): Promise<Delivered> {
  const { sql, connections, perSecond } = given
  const sending = mailSending(given)
  const underWay = new Set<Promise<void>>()
  const places = perSecond === null ? 2 * connections : connections
  const worthClaiming = perSecond === null ? Math.ceil(connections / 2) : 1
  const room = () => places - underWay.size
  const endsAt = performance.now() + runMs
  let lookedAt = Number.NEGATIVE_INFINITY
  let sent = 0
  let isPaused = false
  let isSilent = false
  let error: unknown = null

  const begin = (mail: LeasedMail, isProbe: boolean): Promise<void> => {
    const work = sending
      .send(mail, isProbe)
      .then(async (outcome) => {
        if (outcome === 'sent') sent++
        if (outcome === 'failed') isSilent = true
        if (outcome === 'unsent' && perSecond !== null) await returnTurn(sql, perSecond)
        if (outcome === 'paused') isPaused = true
        else if (isProbe) await (outcome === 'unsent' ? probeQueueNow(sql) : resumeQueue(sql))
      })
      .catch((reason) => {
        error ??= reason
      })
      .finally(() => {
        underWay.delete(work)
        if (underWay.size === 0 || room() >= worthClaiming) alarm.wake()
      })
    underWay.add(work)
    return work
  }

  stopping?.addEventListener('abort', alarm.wake)
  try {
    await skipHanded(sql)
    // A server that does not answer is asked about what is claimed, and by the next run again.
    while (!isPaused && !isSilent && error === null && !stopping?.aborted && performance.now() < endsAt) {
      alarm.reset()
      if (underWay.size === 0 || performance.now() - lookedAt > lookMs) {
        lookedAt = performance.now()
        await given.before?.()
      }
      const withBulk = room() > 0
      const claim = await claimMails(sql, { limit: withBulk ? room() : connections, withBulk, perSecond })
      if (claim.isPaused) break
      const begun = claim.mails.map((mail) => begin(mail, claim.isProbe))
      if (claim.isProbe && begun.length > 0) await Promise.all(begun)
      else if (begun.length === 0 && underWay.size === 0 && claim.waitS === null && !alarm.isOn()) break
      else await alarm.wait(Math.max(shortestWaitMs, Math.min(lookMs, (claim.waitS ?? lookMs) * 1000)))
    }
  } finally {
    stopping?.removeEventListener('abort', alarm.wake)
    if (!isSilent) sending.close()
    await Promise.all(underWay)
  }
  if (error !== null) throw error
  return { sent, isMoreDue: performance.now() >= endsAt || alarm.isOn() }
}

type Alarm = ReturnType<typeof wakeable>

/** A pause that ends early when somebody wakes it; who does so before it begins makes it none. */
function wakeable() {
  let isOn = false
  let end = () => {}
  return {
    wake: () => {
      isOn = true
      end()
    },
    reset: () => {
      isOn = false
    },
    isOn: () => isOn,
    wait: (ms: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, isOn ? 0 : ms)
        end = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
  }
}

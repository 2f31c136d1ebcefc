import { setTimeout as pause } from 'node:timers/promises'
import { type Findings, journey, type Person, type Scene, send } from '../chaos/people.ts'
import type { Random } from '../chaos/random.ts'
import type { Mark } from './events.ts'

/**
 * Seconds from a mark until pages that need the database are good for good, and to the first purchase granted; null: not within half
 * a minute.
 */
export type Recovery = { since: string; pageS: number | null; purchaseS: number | null }

const limitMs = 30_000

/**
 * From now on looks at a page every fifth of a second and begins a purchase every half second, few at once but not one after the
 * other, so that a request that hangs delays no measurement.
 */
export function watchRecovery(scene: Scene, random: Random, findings: Findings, reader: Person) {
  /** When each look ended. */
  const looks: { at: number; isGood: boolean }[] = []
  const purchases: number[] = []
  let recovered = false
  let over = false

  const look = every(200, 5, async () => {
    const answer = await send(scene, findings, reader, 'GET', '/account').catch(() => null)
    looks.push({ at: Date.now(), isGood: answer?.status === 200 })
  })
  const buy = every(500, 3, async () => {
    if (recovered) return
    const { orderId, person } = await journey(scene, random, findings, true)
    while (!recovered && !(await isGranted(person, orderId).catch(() => false))) await pause(300)
    if (!recovered) purchases.push(Date.now())
  })

  /** Begins the work anew after so many milliseconds, also while it still goes on, but not more than `most` times at once. */
  async function every(ms: number, most: number, work: () => Promise<void>): Promise<void> {
    const under = new Set<Promise<void>>()
    for (; !over; await pause(ms)) {
      if (under.size >= most) continue
      const one: Promise<void> = work()
        .catch(() => {})
        .finally(() => under.delete(one))
      under.add(one)
    }
    await Promise.all(under)
  }

  async function isGranted(person: Person, orderId: string): Promise<boolean> {
    const { text } = await send(scene, findings, person, 'GET', `/api/payment-status/${orderId}`)
    return (JSON.parse(text) as { is_paid?: boolean }).is_paid === true
  }

  const firstAfter = (times: readonly number[], at: number) => times.find((time) => time >= at)
  const goodLooks = () => looks.filter(({ isGood }) => isGood).map(({ at }) => at)
  const seconds = (time: number | undefined, at: number) => (time === undefined ? null : (time - at) / 1000)

  return {
    /** Resolves with a good page and a purchase after all the marks, or half a minute after the last; pages are looked at on. */
    async untilRecovered(marks: readonly Mark[]): Promise<void> {
      const last = Math.max(...marks.map(({ at }) => at))
      while (Date.now() < last + limitMs && !(firstAfter(goodLooks(), last) && firstAfter(purchases, last)))
        await pause(50)
      recovered = true
    },
    /** What was seen until now. A page that was bad later on counts as not recovered before. */
    measure(marks: readonly Mark[]): { recoveries: Recovery[]; longestGapS: number } {
      const good = goodLooks()
      const lastBad = looks.findLast(({ isGood }) => !isGood)?.at ?? 0
      return {
        recoveries: marks.map(({ since, at }) => ({
          since,
          pageS: seconds(firstAfter(good, Math.max(at, lastBad)), at),
          purchaseS: seconds(firstAfter(purchases, at), at),
        })),
        longestGapS: Math.max(0, ...good.slice(1).map((at, i) => at - good[i]!)) / 1000,
      }
    },
    /** Begins nothing more; resolves when nothing that was begun is under way any more. */
    async stop(): Promise<void> {
      recovered = true
      over = true
      await Promise.all([look, buy])
    },
  }
}

/** For people: one digit after the point, or “never”. */
export function seconds(value: number | null): string {
  return value === null ? 'never' : value.toFixed(1)
}

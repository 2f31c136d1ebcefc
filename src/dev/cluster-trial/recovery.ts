import { setTimeout as pause } from 'node:timers/promises'
import { type Findings, journey, type Person, type Scene, send } from '../chaos/people.ts'
import type { Random } from '../chaos/random.ts'
import type { Mark } from './events.ts'

/** Seconds from a mark to the first page that needs the database, and to the first purchase granted; null: not within half a minute. */
export type Recovery = { since: string; pageS: number | null; purchaseS: number | null }

const limitMs = 30_000

/**
 * From now on looks at a page every fifth of a second and begins a purchase every half second, few at once but not one after the
 * other, so that a request that hangs delays no measurement, until `stop`. `until` resolves once each has succeeded after all the marks, or half a minute after the last.
 */
export function watchRecovery(scene: Scene, random: Random, findings: Findings, reader: Person) {
  const pages: number[] = []
  const purchases: number[] = []
  let over = false

  const look = every(200, 5, async () => {
    const { status } = await send(scene, findings, reader, 'GET', '/account')
    if (status === 200) pages.push(Date.now())
  })
  const buy = every(500, 3, async () => {
    const { orderId, person } = await journey(scene, random, findings, true)
    while (!over && !(await isGranted(person, orderId).catch(() => false))) await pause(300)
    if (!over) purchases.push(Date.now())
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

  return {
    /** Begins nothing more; resolves when nothing that was begun is under way any more. */
    async stop() {
      over = true
      await Promise.all([look, buy])
    },
    async until(marks: readonly Mark[]): Promise<Recovery[]> {
      const last = Math.max(...marks.map(({ at }) => at))
      const firstAfter = (times: readonly number[], at: number) => times.find((time) => time >= at)
      while (Date.now() < last + limitMs && !(firstAfter(pages, last) && firstAfter(purchases, last))) await pause(50)
      const seconds = (time: number | undefined, at: number) => (time === undefined ? null : (time - at) / 1000)
      return marks.map(({ since, at }) => ({
        since,
        pageS: seconds(firstAfter(pages, at), at),
        purchaseS: seconds(firstAfter(purchases, at), at),
      }))
    },
  }
}

/** For people: one digit after the point, or “never”. */
export function seconds(value: number | null): string {
  return value === null ? 'never' : value.toFixed(1)
}

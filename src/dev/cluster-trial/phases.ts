import { setTimeout as pause } from 'node:timers/promises'
import { type Findings, register, traffic } from '../chaos/people.ts'
import { randomFrom } from '../chaos/random.ts'
import type { Cluster } from './cluster.ts'
import { calm, type Event, events } from './events.ts'
import { type Recovery, seconds, watchRecovery } from './recovery.ts'

/** One part of the run, up to the next one's beginning. */
export type Phase = {
  name: string
  /** Of the clock, in UTC. */
  began: string
  seconds: number
  requests: number
  /** Not answered, or with 429 or 5xx; how each ended. */
  failed: Record<string, number>
  /** The product's own 503 with Retry-After. */
  unavailable: number
  recoveries: Recovery[]
  /** The longest time without a good page. */
  longestGapS: number
}

/** How long, and with which numbers. */
export type Span = {
  minutes: number
  /** Each event once, with short pauses, whatever `minutes` says. */
  short: boolean
  /** How many people buy at a time. */
  people: number
  seed: number
  log: (line: string) => void
}

/** Lets people buy while one event after the other happens. Returns once nobody is under way any more. */
export async function runPhases(cluster: Cluster, findings: Findings, span: Span): Promise<Phase[]> {
  const { minutes, short, people, seed, log } = span
  const end = Date.now() + minutes * 60_000
  const restMs = short ? 3_000 : 10_000
  const random = randomFrom(seed)
  const phases: Phase[] = []
  const watches: Promise<unknown>[] = []
  let over = false
  const reader = await register(cluster, randomFrom(seed + 2), findings)
  const load = traffic(cluster, randomFrom(seed + 1), findings, people, () => over)

  async function undergo(event: Event): Promise<void> {
    const began = Date.now()
    const { requests } = findings
    const [failedBefore, unavailableBefore] = [findings.failed.length, findings.unavailable.length]
    const watch = watchRecovery(cluster, randomFrom(random.between(0, 1e9)), findings, reader)
    try {
      const marks = await event.happen(cluster, random)
      await watch.untilRecovered(marks)
      await pause(restMs)
      phases.push({
        name: event.name,
        began: new Date(began).toISOString().slice(11, 19),
        seconds: (Date.now() - began) / 1000,
        requests: findings.requests - requests,
        failed: countEach(findings.failed.slice(failedBefore).map(({ what }) => what)),
        unavailable: findings.unavailable.length - unavailableBefore,
        ...watch.measure(marks),
      })
      log(describe(phases.at(-1)!))
    } finally {
      watches.push(watch.stop())
    }
  }

  try {
    await undergo(calm)
    do {
      for (const event of events) if (short || Date.now() < end || phases.length <= events.length) await undergo(event)
    } while (!short && Date.now() < end)
  } finally {
    over = true
  }
  await Promise.all([load, ...watches])
  return phases
}

function countEach(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1
  return counts
}

/** One phase as a line. */
function describe({ name, requests, failed, unavailable, recoveries, longestGapS }: Phase): string {
  const endings = Object.entries(failed).map(([what, times]) => `${times}× ${what}`)
  return [
    `${name}: ${requests} requests, ${endings.length > 0 ? `FAILED ${endings.join(', ')}` : 'none failed'}, 503 ${unavailable}, at most ${longestGapS.toFixed(1)} s without a good page`,
    ...recoveries.map(
      (each) => `since ${each.since}: page after ${seconds(each.pageS)}, purchase after ${seconds(each.purchaseS)}`,
    ),
  ].join('; ')
}

import { setTimeout as pause } from 'node:timers/promises'
import { faults } from './faults.ts'
import { buildHarness, type ChaosHarness } from './harness.ts'
import { type Findings, journey, noFindings, traffic } from './people.ts'
import { countUnfinished, listRecordedOrders } from './queries.ts'
import { waitForQuiet } from './quiet.ts'
import { type Random, randomFrom } from './random.ts'
import { judgeRun, type Verdict } from './verdict.ts'

export type ChaosReport = Verdict & {
  seed: number
  seconds: number
  findings: Findings
  /** How often each fault was injected, and the seconds until a new purchase went through again. */
  recovery: Record<string, { times: number; meanS: number; worstS: number }>
  restarts: number
  /** Starts that ended at once because the database was unavailable; the supervisor tries again. */
  refusedStarts: number
  unexpectedDeaths: string[]
  /** Faults after which no purchase went through within half a minute. */
  notRecovered: string[]
  quietAfterS: number
  unfinished: number
  isFine: boolean
}

const recoveryLimitMs = 30_000

/**
 * Starts the product and all it depends on, lets people buy while one fault after the other is injected, waits until all
 * work is done, and compares. Takes the given minutes plus at most two; everything it started is stopped, also when it fails.
 */
export async function runChaos(options: {
  minutes: number
  seed: number
  concurrency?: number
  log?: (line: string) => void
}): Promise<ChaosReport> {
  const { minutes, seed, concurrency = 5, log = () => {} } = options
  const began = Date.now()
  const random = randomFrom(seed)
  const findings = noFindings()
  const harness = await buildHarness()
  const leave = () => void harness.close().finally(() => process.exit(130))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  let over = false
  const webhooks = spreadWebhooks(harness, random)
  try {
    log('everything runs')
    const people = traffic(harness, randomFrom(seed + 1), findings, concurrency, () => over)
    const injected = await injectFaults(harness, random, findings, Date.now() + minutes * 60_000, log)
    over = true
    await people
    harness.failSockets()
    const quietAfterS = await waitForQuiet(harness)
    const verdict = await judgeRun(harness, findings)
    const unexpectedDeaths = harness.apps.flatMap(({ unexpected }) => unexpected)
    const unfinished = await countUnfinished(harness.sql)
    const report = {
      ...verdict,
      ...injected,
      seed,
      seconds: Math.round((Date.now() - began) / 1000),
      findings,
      restarts: harness.apps.reduce((sum, { starts }) => sum + starts - 1, 0),
      refusedStarts: harness.apps.reduce((sum, { refusedStarts }) => sum + refusedStarts, 0),
      unexpectedDeaths,
      quietAfterS,
      unfinished,
    }
    const wrong = [
      report.lost,
      report.doubled,
      report.wrongOwner,
      report.falseGrants,
      unexpectedDeaths,
      report.notRecovered,
    ]
    return {
      ...report,
      isFine: wrong.every((list) => list.length === 0) && verdict.integrity.broken === 0 && unfinished === 0,
    }
  } finally {
    over = true
    clearInterval(webhooks)
    process.off('SIGINT', leave).off('SIGTERM', leave)
    await harness.close()
  }
}

/** Cashfree knows one webhook address; here it alternates between the processes, as behind a load balancer. */
function spreadWebhooks({ sandbox, apps }: ChaosHarness, random: Random): NodeJS.Timeout {
  const alternate = () => sandbox.control.webhooks({ url: `${random.one(apps).url}/webhooks/cashfree` })
  alternate()
  return setInterval(alternate, 200)
}

async function injectFaults(
  harness: ChaosHarness,
  random: Random,
  findings: Findings,
  end: number,
  log: (line: string) => void,
) {
  const seconds = new Map<string, number[]>()
  const notRecovered: string[] = []
  await pause(1_000)
  // Every fault once, in random order, before any comes twice.
  let next: typeof faults = []
  while (Date.now() < end) {
    if (next.length === 0) next = faults.toSorted(() => random.next() - 0.5)
    const fault = next[0]!
    next = next.slice(1)
    await fault.inject(harness, random)
    const took = await secondsToRecover(harness, random, findings)
    if (took === null) notRecovered.push(fault.name)
    else seconds.set(fault.name, [...(seconds.get(fault.name) ?? []), took])
    log(`${fault.name}: ${took === null ? 'NOT RECOVERED' : `a purchase went through after ${took.toFixed(1)} s`}`)
    await pause(random.between(300, 1_500))
  }
  const recovery = Object.fromEntries(
    [...seconds].map(([name, all]) => [
      name,
      { times: all.length, meanS: all.reduce((a, b) => a + b, 0) / all.length, worstS: Math.max(...all) },
    ]),
  )
  return { recovery, notRecovered }
}

/** Seconds until a new person could register, pay and get access; null when nobody could within half a minute. */
async function secondsToRecover(harness: ChaosHarness, random: Random, findings: Findings): Promise<number | null> {
  const began = Date.now()
  while (Date.now() - began < recoveryLimitMs) {
    const bought = await journey(harness, random, findings, true).catch(() => null)
    for (let i = 0; bought && i < 100 && Date.now() - began < recoveryLimitMs; i++) {
      const order = (await listRecordedOrders(harness.sql).catch(() => [])).find(({ id }) => id === bought.orderId)
      if (order?.hasAccess) return (Date.now() - began) / 1000
      await pause(100)
    }
  }
  return null
}

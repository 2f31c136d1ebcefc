import { setTimeout as pause } from 'node:timers/promises'
import { faults } from './faults.ts'
import { buildHarness, type ChaosHarness } from './harness.ts'
import { type Findings, journey, noFindings, traffic } from './people.ts'
import { countUnfinished, letTimePass, listBookedOrders } from './queries.ts'
import { type Random, randomFrom } from './random.ts'
import { judgeRun, type Verdict } from './verdict.ts'

export type ChaosReport = Verdict & {
  seed: number
  seconds: number
  findings: Findings
  /** How often each kind of trouble struck, and the seconds until a new purchase went through again. */
  recovery: Record<string, { times: number; meanS: number; worstS: number }>
  restarts: number
  /** Starts that ended at once because the database was away; the supervisor tries again. */
  refusedStarts: number
  unexpectedDeaths: string[]
  /** Purchases that never went through within half a minute after a trouble. */
  notRecovered: string[]
  settledInS: number
  unfinished: number
  isFine: boolean
}

const recoveryLimitMs = 30_000
const settlingLimitMs = 90_000

/**
 * Builds a town, lets people use it while troubles strike one after the other, lets it come to rest, and judges. Ends
 * within the given minutes plus at most two; whatever it started is stopped, by process id, also when it fails.
 */
export async function runChaos(options: {
  minutes: number
  seed: number
  abreast?: number
  say?: (line: string) => void
}): Promise<ChaosReport> {
  const { minutes, seed, abreast = 5, say = () => {} } = options
  const began = Date.now()
  const random = randomFrom(seed)
  const found = noFindings()
  const town = await buildHarness()
  const leave = () => void town.close().finally(() => process.exit(130))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  let over = false
  const webhooks = spreadWebhooks(town, random)
  try {
    say('the town is built')
    const people = traffic(town, randomFrom(seed + 1), found, abreast, () => over)
    const struck = await strikeUntil(town, random, found, Date.now() + minutes * 60_000, say)
    over = true
    await people
    const settledInS = await comeToRest(town)
    const verdict = await judgeRun(town, found)
    const unexpectedDeaths = town.apps.flatMap(({ unexpected }) => unexpected)
    const unfinished = await countUnfinished(town.sql)
    const report = {
      ...verdict,
      ...struck,
      seed,
      seconds: Math.round((Date.now() - began) / 1000),
      findings: found,
      restarts: town.apps.reduce((sum, { starts }) => sum + starts - 1, 0),
      refusedStarts: town.apps.reduce((sum, { refusedStarts }) => sum + refusedStarts, 0),
      unexpectedDeaths,
      settledInS,
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
      isFine: wrong.every((list) => list.length === 0) && verdict.books.broken === 0 && unfinished === 0,
    }
  } finally {
    over = true
    clearInterval(webhooks)
    process.off('SIGINT', leave).off('SIGTERM', leave)
    await town.close()
  }
}

/** Cashfree knows one address; here it changes all the time, as if a balancer stood in between. */
function spreadWebhooks({ sandbox, apps }: ChaosHarness, random: Random): NodeJS.Timeout {
  const turn = () => sandbox.control.webhooks({ url: `${random.one(apps).url}/webhooks/cashfree` })
  turn()
  return setInterval(turn, 200)
}

async function strikeUntil(
  town: ChaosHarness,
  random: Random,
  found: Findings,
  end: number,
  say: (line: string) => void,
) {
  const seconds = new Map<string, number[]>()
  const notRecovered: string[] = []
  await pause(1_000)
  // Every kind once, in a random order, before any comes twice.
  let next: typeof faults = []
  while (Date.now() < end) {
    if (next.length === 0) next = faults.toSorted(() => random.next() - 0.5)
    const trouble = next[0]!
    next = next.slice(1)
    await trouble.strike(town, random)
    const took = await recovered(town, random, found)
    if (took === null) notRecovered.push(trouble.name)
    else seconds.set(trouble.name, [...(seconds.get(trouble.name) ?? []), took])
    say(`${trouble.name}: ${took === null ? 'NOT RECOVERED' : `a purchase went through after ${took.toFixed(1)} s`}`)
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

/** Seconds until somebody new could register, pay and be let in; null when nobody could within half a minute. */
async function recovered(town: ChaosHarness, random: Random, found: Findings): Promise<number | null> {
  const began = Date.now()
  while (Date.now() - began < recoveryLimitMs) {
    const orderId = await journey(town, random, found, true).catch(() => null)
    for (let i = 0; orderId && i < 100 && Date.now() - began < recoveryLimitMs; i++) {
      const order = (await listBookedOrders(town.sql).catch(() => [])).find(({ id }) => id === orderId)
      if (order?.hasAccess) return (Date.now() - began) / 1000
      await pause(100)
    }
  }
  return null
}

/** No more faults, every process up; jobs and Cashfree's retries do the rest. Answers how many seconds they took. */
async function comeToRest(town: ChaosHarness): Promise<number> {
  town.failSockets()
  town.sandbox.control.clearFaults()
  await town.mails.open()
  for (const app of town.apps) await app.untilReady()
  const began = Date.now()
  let aDayPassed = false
  for (let calm = 0; calm < 2 && Date.now() - began < settlingLimitMs; ) {
    await letTimePass(town.sql, !aDayPassed, new Date(began)).then(
      () => (aDayPassed = true),
      () => {},
    )
    await pause(1_500)
    calm = (await isCalm(town).catch(() => false)) ? calm + 1 : 0
  }
  return (Date.now() - began) / 1000
}

async function isCalm({ sql, sandbox }: ChaosHarness): Promise<boolean> {
  if ((await countUnfinished(sql)) > 0) return false
  const { orders, deliveries } = sandbox.control.state()
  if (deliveries.some(({ state }) => state === 'waiting' || state === 'sending')) return false
  const booked = new Map((await listBookedOrders(sql)).map((order) => [order.id, order]))
  const refundsKnown = orders.every(({ id, refunds }) => refunds.length === 0 || booked.get(id)?.refunded)
  return refundsKnown && orders.every(({ id, status }) => status !== 'PAID' || booked.get(id)?.paid)
}

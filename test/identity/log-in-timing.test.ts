import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const most = 300
const fewest = 100
const batch = 50
/** Medians that lie further apart than this could be told from each other over a network. */
const tellableMs = 5

const median = (times: number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!

/** Kolmogorov-Smirnov: the widest gap between the two distributions, 0 to 1. */
function widestGap(left: number[], right: number[]): number {
  const share = (times: number[], upTo: number) => times.filter((time) => time <= upTo).length / times.length
  return Math.max(...[...left, ...right].map((time) => Math.abs(share(left, time) - share(right, time))))
}

/**
 * How far apart the medians are at most, in milliseconds, but once in a thousand times: each lies between two ranks, and that
 * both are at their far ends is rarer than that one is.
 */
function medianGapAtMost(left: number[], right: number[]): number {
  const bounds = (times: number[]) => {
    const sorted = [...times].sort((a, b) => a - b)
    const reach = ((3.29 / Math.SQRT2) * Math.sqrt(sorted.length)) / 2
    const middle = sorted.length / 2
    return [sorted[Math.floor(middle - reach)]!, sorted[Math.ceil(middle + reach)]!] as const
  }
  const [[leftLow, leftHigh], [rightLow, rightHigh]] = [bounds(left), bounds(right)]
  return Math.max(leftHigh - rightLow, rightHigh - leftLow)
}

/**
 * Takes turns, so that whatever else the machine does meets both alike. Milliseconds. Ends as soon as what was seen leaves
 * no doubt that the medians are close, which more of the same would not change; else after `most` of each.
 */
async function timed(one: () => Promise<unknown>, other: () => Promise<unknown>) {
  const times: [number[], number[]] = [[], []]
  for (let i = -20; i < most; i++) {
    for (const [at, work] of (i % 2
      ? [
          [0, one],
          [1, other],
        ]
      : [
          [1, other],
          [0, one],
        ]) as [0 | 1, typeof one][]) {
      const began = performance.now()
      await work()
      if (i >= 0) times[at].push(performance.now() - began)
    }
    const seen = i + 1
    if (seen >= fewest && seen % batch === 0 && medianGapAtMost(...times) < tellableMs) break
  }
  return times
}

/** Nobody could tell the two apart: medians within 5 ms, or distributions that lie on each other (α = 0.01). */
function expectAlike(what: string, [one, other]: [number[], number[]]) {
  const [left, right, gap] = [median(one), median(other), widestGap(one, other)]
  const allowed = 1.63 * Math.sqrt(2 / one.length)
  console.log(
    `${what}: medians ${left.toFixed(2)} and ${right.toFixed(2)} ms, KS ${gap.toFixed(3)} (${allowed.toFixed(3)}), n = ${one.length} each`,
  )
  expect(Math.abs(left - right) < tellableMs || gap < allowed).toBe(true)
}

test('logging in takes as long for an unknown account as for a wrong password', { timeout: 180_000 }, async () => {
  const { email } = await new Visitor(app).register()
  const logIn = (login: string) => new Visitor(app).post('/login', { login, password: 'not-the-password' })
  const times = await timed(
    () => logIn(email!),
    () => logIn('nobody.at.all@example.in'),
  )
  expectAlike('wrong password / unknown account', times)
})

test('…and as long for a suspended account, and from a browser the owner used', { timeout: 180_000 }, async () => {
  const owner = new Visitor(app)
  const { email } = await owner.register()
  const suspended = await new Visitor(app).register()
  await app.sql`update users set suspended_at = now(), suspended_reason = 'x' where email = ${suspended.email!}`
  const logIn = (login: string, visitor = new Visitor(app)) =>
    visitor.post('/login', { login, password: 'not-the-password' })
  expectAlike(
    'known browser / suspended account',
    await timed(
      () => logIn(email!, owner),
      () => logIn(suspended.email!),
    ),
  )
})

test('being told to wait takes as long for a known account as for an unknown one', { timeout: 120_000 }, async () => {
  const strict = await startApp({ RATE_LIMIT_SCALE: '0.2', TRUST_PROXY: '127.0.0.1,::1' })
  const { email } = await new Visitor(strict).register()
  let i = 0
  const logIn = (login: string) => {
    const address = `198.51.${Math.floor(++i / 250)}.${i % 250}`
    return new Visitor(strict).post('/login', { login, password: 'not-the-password' }, { 'x-forwarded-for': address })
  }
  for (const login of [email!, 'nobody.at.all@example.in']) await logIn(login)
  await strict.sql`update login_throttle set blocked_until = now() + interval '10 minutes'`
  expectAlike(
    'told to wait, known / unknown',
    await timed(
      () => logIn(email!),
      () => logIn('nobody.at.all@example.in'),
    ),
  )
  await strict.close()
})

import { setTimeout as pause } from 'node:timers/promises'
import type { FaultSwitches } from '../cashfree-sandbox/faults.ts'
import type { ChaosHarness } from './harness.ts'
import { killBackends } from './queries.ts'
import type { Random } from './random.ts'
import { errorsOf, moments } from './socket-faults.ts'

/** `inject` causes the fault, and resolves when it has ended it again. */
export type Fault = { name: string; inject(harness: ChaosHarness, random: Random): Promise<void> }

const gatewayFaults: FaultSwitches[] = [
  { serverError: true },
  { hang: { ms: 2_500 } },
  { replyLost: true },
  { garbage: true },
  { paymentsUnreadable: true },
  { slow: { ms: 1_000 } },
  { rateLimited: { retryAfterS: 1 } },
]

/** The faults, injected one at a time. */
export const faults: readonly Fault[] = [
  {
    name: 'an app killed',
    async inject({ apps }, random) {
      random.one(apps).kill()
    },
  },
  {
    name: 'both apps killed',
    async inject({ apps }) {
      for (const app of apps) app.kill()
    },
  },
  { name: 'an app frozen', inject: ({ apps }, random) => random.one(apps).freeze(random.between(1_000, 3_000)) },
  {
    name: 'database connections killed',
    async inject({ sql }, random) {
      for (const end = Date.now() + random.between(1_000, 3_000); Date.now() < end; await pause(random.between(15, 60)))
        await killBackends(sql, random.next()).catch(() => {})
    },
  },
  { name: 'database frozen', inject: ({ database }, random) => database.freeze(random.between(1_000, 4_000)) },
  { name: 'database power cut', inject: ({ database }, random) => database.cutPower(random.between(0, 2_000)) },
  {
    name: 'mail server down',
    async inject({ mails }, random) {
      await mails.stop()
      await pause(random.between(1_000, 4_000))
      await mails.open()
    },
  },
  {
    name: 'Cashfree broken',
    async inject({ sandbox }, random) {
      sandbox.control.faults(random.one(gatewayFaults))
      await pause(random.between(1_000, 4_000))
      sandbox.control.clearFaults()
    },
  },
  {
    name: 'webhooks lost, doubled, reversed or badly signed',
    async inject({ sandbox }, random) {
      const fault = random.one(['webhooksMuted', 'duplicateWebhooks', 'outOfOrderWebhooks', 'wrongSignature'] as const)
      sandbox.control.faults({ [fault]: true })
      await pause(random.between(1_000, 4_000))
      sandbox.control.clearFaults()
    },
  },
  {
    name: 'connecting and sending fail with every error number',
    async inject(harness, random) {
      const { database, gateway, mail } = harness.ports
      const codes = (['connect', 'send'] as const).flatMap((at) => errorsOf[at].map((code) => ({ at, code })))
      for (const { at, code } of codes.toSorted(() => random.next() - 0.5)) {
        harness.failSockets({
          at,
          code,
          to: random.one([database, database, gateway, mail]),
          when: random.one(moments),
        })
        // Open connections would not be dialled again.
        if (at === 'connect') await killBackends(harness.sql, random.next()).catch(() => {})
        await pause(random.between(50, 200))
      }
      harness.failSockets()
    },
  },
]

import { setTimeout as pause } from 'node:timers/promises'
import type { FaultSwitches } from '../cashfree-sandbox/faults.ts'
import type { ChaosHarness } from './harness.ts'
import { killBackends } from './queries.ts'
import type { Random } from './random.ts'
import { errorsOf, moments } from './socket-faults.ts'

/** Brings something about and, when it resolves, has let go of it again. */
export type Fault = { name: string; strike(town: ChaosHarness, random: Random): Promise<void> }

const gatewayFaults: FaultSwitches[] = [
  { serverError: true },
  { hang: { ms: 2_500 } },
  { replyLost: true },
  { garbage: true },
  { paymentsUnreadable: true },
  { slow: { ms: 1_000 } },
  { rateLimited: { retryAfterS: 1 } },
]

/** What is done to the town, one at a time. */
export const faults: readonly Fault[] = [
  {
    name: 'an app killed',
    async strike({ apps }, random) {
      random.one(apps).kill()
    },
  },
  {
    name: 'both apps killed',
    async strike({ apps }) {
      for (const app of apps) app.kill()
    },
  },
  { name: 'an app frozen', strike: ({ apps }, random) => random.one(apps).freeze(random.between(1_000, 3_000)) },
  {
    name: 'database connections killed',
    async strike({ sql }, random) {
      for (const end = Date.now() + random.between(1_000, 3_000); Date.now() < end; await pause(random.between(15, 60)))
        await killBackends(sql, random.next()).catch(() => {})
    },
  },
  { name: 'database frozen', strike: ({ database }, random) => database.freeze(random.between(1_000, 4_000)) },
  { name: 'database power cut', strike: ({ database }, random) => database.cutPower(random.between(0, 2_000)) },
  {
    name: 'mail server away',
    async strike({ mails }, random) {
      await mails.stop()
      await pause(random.between(1_000, 4_000))
      await mails.open()
    },
  },
  {
    name: 'Cashfree broken',
    async strike({ sandbox }, random) {
      sandbox.control.faults(random.one(gatewayFaults))
      await pause(random.between(1_000, 4_000))
      sandbox.control.clearFaults()
    },
  },
  {
    name: 'webhooks lost, doubled, reversed or badly signed',
    async strike({ sandbox }, random) {
      const fault = random.one(['webhooksMuted', 'duplicateWebhooks', 'outOfOrderWebhooks', 'wrongSignature'] as const)
      sandbox.control.faults({ [fault]: true })
      await pause(random.between(1_000, 4_000))
      sandbox.control.clearFaults()
    },
  },
  {
    name: 'connecting and sending fail with every error number',
    async strike(town, random) {
      const { database, gateway, mail } = town.ports
      const codes = (['connect', 'send'] as const).flatMap((at) => errorsOf[at].map((code) => ({ at, code })))
      for (const { at, code } of codes.toSorted(() => random.next() - 0.5)) {
        town.failSockets({ at, code, to: random.one([database, database, gateway, mail]), when: random.one(moments) })
        // Connections that stand would not be dialled anew.
        if (at === 'connect') await killBackends(town.sql, random.next()).catch(() => {})
        await pause(random.between(50, 200))
      }
      town.failSockets()
    },
  },
]

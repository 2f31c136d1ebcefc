import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { cashfree } from '../../../src/billing/payments/cashfree.ts'
import type { MandateGateway, NewCharge, NewMandate } from '../../../src/billing/payments/mandate-gateway.ts'
import { judgeMandateDelivery, type MandateEvent } from '../../../src/billing/webhooks/mandate-event.ts'
import { type Sandbox, startSandbox } from '../../../src/dev/cashfree-sandbox/sandbox.ts'
import { dayInIndia } from '../../../src/platform/dates.ts'
import { paise } from '../../../src/platform/money.ts'
import { keys } from '../../support/services.ts'

export const plan = { planId: 'dsrs_mandate_v1', name: 'Sector RS', maxAmountPaise: paise(99_800) }
const dayMs = 24 * 3_600_000

/** The client with the Cashfree look-alike behind it, and what its events say as the client reads them. */
export function lookAlike() {
  let made = 0
  let receiver: Server
  const shop = {
    sandbox: {} as Sandbox,
    mandates: {} as MandateGateway,
    events: [] as MandateEvent[],
    verdicts: [] as string[],
    /** An Indian day so many days from the look-alike's. */
    dayAhead: (days: number) => dayInIndia(new Date(shop.sandbox.control.state().clock.nowMs + days * dayMs)),
    newMandate: (changes: Partial<NewMandate> = {}): NewMandate => ({
      subscriptionId: `sub_${++made}`,
      idempotencyKey: crypto.randomUUID(),
      planId: plan.planId,
      customer: { name: 'Asha Rao', email: 'asha@example.in', phone: '9876500001' },
      authorisationPaise: paise(49_900),
      refundAuthorisation: false,
      expiresAt: new Date('2036-12-09T13:00:00Z'),
      returnUrl: 'https://example.in/autopay/return/k7f3',
      tags: { plan: 'monthly' },
      ...changes,
    }),
    /** Opens a mandate that its person approves at once. */
    async activeMandate(): Promise<string> {
      const wanted = shop.newMandate()
      await shop.mandates.createMandate(wanted)
      shop.sandbox.control.approveMandate(wanted.subscriptionId)
      return wanted.subscriptionId
    },
    debitOf: (subscriptionId: string, changes: Partial<NewCharge> = {}): NewCharge => ({
      subscriptionId,
      paymentId: `c_${subscriptionId}_1`,
      idempotencyKey: crypto.randomUUID(),
      amountPaise: paise(49_900),
      scheduledOn: shop.dayAhead(3),
      remarks: 'Monthly',
      ...changes,
    }),
  }

  beforeAll(async () => {
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const delivery = { headers: request.headers as Record<string, string>, body: Buffer.concat(chunks) }
      const rules = { secrets: ['new-secret', keys.clientSecret], maxAgeS: 86_400, now: Date.now() }
      const { verdict, hint } = judgeMandateDelivery(delivery, rules)
      shop.events.push(hint)
      shop.verdicts.push(verdict)
      response.end('ok')
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    shop.sandbox = await startSandbox({
      host: '127.0.0.1',
      port: 0,
      ...keys,
      webhookUrl: null,
      subscriptionWebhookUrl: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
      stateFile: null,
      settings: { webhookDelayMs: 0 },
    })
    shop.mandates = cashfree({ apiBase: `${shop.sandbox.url}/pg`, ...keys, timeoutMs: 5_000 }).mandates
    await shop.mandates.ensurePlan(plan)
  })
  afterAll(async () => {
    await shop.sandbox.close()
    receiver.closeAllConnections()
    receiver.close()
  })
  beforeEach(() => {
    shop.sandbox.control.clearFaults()
    shop.events = []
    shop.verdicts = []
  })
  return shop
}

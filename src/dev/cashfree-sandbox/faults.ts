/** Every fault that can be switched on, with its label in the console. */
export const FAULTS = {
  rateLimited: 'API answers 429 with its headers',
  serverError: 'API answers 500 (or the given status)',
  badGateway: 'API answers 502',
  slow: 'API says nothing for 19 s, then answers',
  hang: 'API says nothing for 19 s, then hangs up',
  replyLost: 'API does the work, then the connection breaks',
  garbage: 'API answers 200 with an HTML page',
  redirect: 'API answers 307 to another address',
  wrongAmount: 'GET order shows another amount',
  wrongCurrency: 'GET order shows another currency',
  wrongOrderId: 'GET order shows another order id',
  wrongCustomer: 'GET order shows another customer',
  wrongCfOrderId: 'GET order shows another number of Cashfree’s',
  orderLags: 'GET order says ACTIVE although it is paid',
  borrowedPayments: 'Order is shown as paid by the payments of another one',
  foreignPayment: 'Newest listed payment names another order',
  wrongPaymentOrder: 'Newest listed payment tells another price of its order',
  wrongPaymentCurrency: 'Newest listed payment is in another currency',
  paymentsUnreadable: 'List of payments is cut-off JSON',
  numericIds: 'API ids are JSON numbers',
  longIds: 'New ids have 19 digits',
  unknownEnums: 'GET shows statuses nobody has heard of',
  duplicateWebhooks: 'Every webhook comes twice',
  outOfOrderWebhooks: 'Webhooks are held in pairs and reversed',
  wrongSignature: 'Webhooks are signed with another secret',
  noIdempotencyHeader: 'Webhooks carry no idempotency header',
  webhooksMuted: 'Webhooks are recorded and never sent',
  webhookBeforeRedirect: 'Webhook arrives before the customer does',
  webhookAfterRedirect: 'Webhook arrives 5 s after the customer',
  successAfterExpiry: 'Success comes after the order expired',
  successAfterTtl: 'Success comes too late and is refunded',
  doubleSuccess: 'Order is paid twice',
  sessionExpired: 'Session of a mandate’s page is over',
  mandateLags: 'GET subscription says INITIALIZED although it is active',
  wrongChargeAmount: 'Charges show another amount',
  wrongChargeCurrency: 'Charges are shown in another currency',
  foreignCharge: 'Newest listed charge names another subscription',
  noticeUndelivered: 'Pre-debit notice is not delivered, so the charge fails',
  successAfterCancel: 'Charge succeeds after it or its mandate was cancelled',
  wrongReturnSignature: 'Return of a mandate is signed with another secret',
} as const

export type FaultName = keyof typeof FAULTS

export type FaultOptions = {
  /** How many times; until switched off when absent. */
  count?: number | null
  /** Only API calls of this name or group: `orders.get`, `refunds`. All when absent. */
  endpoint?: string | null
  /** Duration in milliseconds, where the fault has one. */
  ms?: number
  /** HTTP status, for serverError. */
  status?: number
  /** Seconds in x-ratelimit-retry, for rateLimited. */
  retryAfterS?: number
  /** Difference in paise, for wrongAmount and wrongChargeAmount. */
  paise?: number
  /** The other order, for foreignPayment and borrowedPayments. */
  orderId?: string
  /** The other mandate, for foreignCharge. */
  subscriptionId?: string
}

/** true: until switched off. A number: so many times. false: off. */
export type FaultSwitches = Partial<Record<FaultName, boolean | number | FaultOptions>>
export type ActiveFault = FaultOptions & { name: FaultName }

export type Faults = {
  set(switches: FaultSwitches): void
  clear(): void
  active(): ActiveFault[]
  isOn(name: FaultName): boolean
  /** The fault if it is on and concerns this endpoint; counts as one of its times. */
  take(name: FaultName, endpoint?: string): ActiveFault | null
}

/** Thrown by `set` for a fault that does not exist: with a typing mistake in its name, a test would test nothing. */
export class UnknownFault extends Error {}

/** All switches off. */
export function createFaults(onChange: () => void): Faults {
  const on = new Map<FaultName, ActiveFault>()

  function set(switches: FaultSwitches) {
    for (const [name, value] of Object.entries(switches) as [FaultName, boolean | number | FaultOptions][]) {
      if (!Object.hasOwn(FAULTS, name)) throw new UnknownFault(`There is no fault called ${name}`)
      if (value === false || value === 0) on.delete(name)
      else if (value === true) on.set(name, { name })
      else if (typeof value === 'number') on.set(name, { name, count: value })
      else on.set(name, { ...value, name })
    }
    onChange()
  }

  function take(name: FaultName, endpoint?: string) {
    const fault = on.get(name)
    if (!fault || !concerns(fault, endpoint)) return null
    if (typeof fault.count === 'number') {
      fault.count -= 1
      if (fault.count <= 0) {
        on.delete(name)
        onChange()
      }
    }
    return fault
  }

  return {
    set,
    take,
    clear() {
      on.clear()
      onChange()
    },
    active: () => [...on.values()],
    isOn: (name) => on.has(name),
  }
}

function concerns(fault: ActiveFault, endpoint?: string): boolean {
  if (!fault.endpoint || !endpoint) return true
  return endpoint === fault.endpoint || endpoint.startsWith(`${fault.endpoint}.`)
}

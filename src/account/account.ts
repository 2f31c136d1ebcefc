import type { BillingServices } from '../billing/payments/gateway.ts'

/** What every part of the account is given; `limit` is the route configuration of endpoints that cost something. */
export type Account = { services: BillingServices; limit: object }

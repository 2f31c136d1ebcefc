import type { BillingServices } from '../billing/payments/gateway.ts'
import type { Composers } from '../records/mails/registry.ts'

/** What every part of the panel is given. */
export type Panel = { services: BillingServices; composers: Composers }

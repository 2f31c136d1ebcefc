import { AppError } from '../../platform/errors.ts'
import type { BillingServices } from '../payments/gateway.ts'

/** The refusal to open, or hand out, anything that could be paid while there is nothing worth selling. */
export class OpensSoon extends AppError {
  constructor() {
    const sentence = 'Subscriptions open soon: the latest prices are not in yet. Nothing was charged; please come back.'
    super('unavailable', sentence, { retryAfterS: 3_600 })
  }
}

/** Whether subscriptions are sold at the moment. */
export async function isOnSale(services: Pick<BillingServices, 'isOnSale'>): Promise<boolean> {
  return (await services.isOnSale?.()) ?? true
}

/** Throws OpensSoon (an AppError `unavailable`) while nothing is sold. */
export async function refuseUnlessOnSale(services: Pick<BillingServices, 'isOnSale'>): Promise<void> {
  if (!(await isOnSale(services))) throw new OpensSoon()
}

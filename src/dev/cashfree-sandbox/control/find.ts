import type { SandboxContext } from '../context.ts'
import type { Order } from '../model.ts'

/** Refused because the order, refund, dispute or delivery does not exist, or cannot do that now. */
export class ControlError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The order of that id; throws ControlError 404. */
export function findOrder(context: SandboxContext, orderId: string): Order {
  const order = context.ledger.orders.get(orderId)
  if (!order) throw new ControlError(404, `There is no order ${orderId}`)
  return order
}

import type { SandboxContext } from '../context.ts'
import { orderEntity } from '../entities.ts'
import { addOrder } from '../ledger.ts'
import type { Order } from '../model.ts'
import { terminate } from '../orders.ts'
import type { Call, Endpoint } from './authentication.ts'
import { readOrder } from './order-request.ts'
import { invalid, refusals } from './refusal.ts'

/** Create, read and terminate. */
export function orderEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'orders.create',
      method: 'POST',
      path: '/orders',
      handle({ fields }) {
        const order = readOrder(context, fields)
        // Unique per merchant for ever: neither expiry nor termination frees an id.
        if (context.ledger.orders.has(order.id)) throw refusals.orderExists()
        addOrder(context.ledger, order)
        context.changed()
        return orderEntity(context, order)
      },
    },
    {
      name: 'orders.get',
      method: 'GET',
      path: '/orders/:orderId',
      handle: (call) => falsified(context, orderEntity(context, orderOf(context, call))),
    },
    {
      name: 'orders.terminate',
      method: 'PATCH',
      path: '/orders/:orderId',
      handle(call) {
        const order = orderOf(context, call)
        if (call.fields.order_status !== 'TERMINATED') {
          throw invalid('order_status', 'is not valid.', call.fields.order_status)
        }
        terminate(context, order)
        return orderEntity(context, order)
      },
    },
  ]
}

/** The order of the path, by the merchant's id; the cf id finds nothing. */
export function orderOf(context: SandboxContext, { params }: Call): Order {
  const order = context.ledger.orders.get(params.orderId ?? '')
  if (!order) throw refusals.orderNotFound()
  return order
}

function falsified(context: SandboxContext, entity: ReturnType<typeof orderEntity>) {
  const { faults } = context
  const amount = faults.take('wrongAmount', 'orders.get')
  if (amount) Object.assign(entity.order_amount, { paise: entity.order_amount.paise + (amount.paise ?? 100) })
  if (faults.take('wrongCurrency', 'orders.get')) entity.order_currency = 'USD'
  if (faults.take('wrongOrderId', 'orders.get')) entity.order_id = `${entity.order_id}_other`
  if (faults.take('borrowedPayments', 'orders.get')) entity.order_status = 'PAID'
  if (entity.order_status === 'PAID' && faults.take('orderLags', 'orders.get')) entity.order_status = 'ACTIVE'
  if (faults.take('wrongCustomer', 'orders.get')) entity.customer_details.customer_id = 'somebody_else'
  if (faults.take('wrongCfOrderId', 'orders.get')) entity.cf_order_id = `9${entity.cf_order_id}`
  if (entity.order_status !== 'PAID' && faults.take('unknownEnums', 'orders.get')) entity.order_status = 'IN_REVIEW'
  return entity
}

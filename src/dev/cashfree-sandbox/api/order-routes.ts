import type { SandboxContext } from '../context.ts'
import { orderEntity } from '../entities.ts'
import { addOrder, type Order } from '../ledger.ts'
import { terminate } from '../orders.ts'
import type { Call, Endpoint } from './authentication.ts'
import { readOrder } from './order-request.ts'
import { invalid, refusals } from './refusal.ts'

/** Create, read and terminate. */
export function orderEndpoints(world: SandboxContext): Endpoint[] {
  return [
    {
      name: 'orders.create',
      method: 'POST',
      path: '/orders',
      handle({ fields }) {
        const order = readOrder(world, fields)
        // Unique per merchant for ever: neither expiry nor termination frees an id.
        if (world.ledger.orders.has(order.id)) throw refusals.orderExists()
        addOrder(world.ledger, order)
        world.changed()
        return orderEntity(world, order)
      },
    },
    {
      name: 'orders.get',
      method: 'GET',
      path: '/orders/:orderId',
      handle: (call) => falsified(world, orderEntity(world, orderOf(world, call))),
    },
    {
      name: 'orders.terminate',
      method: 'PATCH',
      path: '/orders/:orderId',
      handle(call) {
        const order = orderOf(world, call)
        if (call.fields.order_status !== 'TERMINATED') {
          throw invalid('order_status', 'is not valid.', call.fields.order_status)
        }
        terminate(world, order)
        return orderEntity(world, order)
      },
    },
  ]
}

/** The order of the path, by the merchant's id; the cf id finds nothing. */
export function orderOf(world: SandboxContext, { params }: Call): Order {
  const order = world.ledger.orders.get(params.orderId ?? '')
  if (!order) throw refusals.orderNotFound()
  return order
}

function falsified(world: SandboxContext, entity: ReturnType<typeof orderEntity>) {
  const { faults } = world
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

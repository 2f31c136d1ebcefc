import type { FastifyInstance } from 'fastify'
import type { SandboxContext } from '../context.ts'
import { authenticated } from './authentication.ts'
import { chargeRefundEndpoints } from './charge-refund-routes.ts'
import { chargeEndpoints } from './charge-routes.ts'
import { disputeEndpoints } from './dispute-routes.ts'
import { mandateEndpoints } from './mandate-routes.ts'
import { orderEndpoints } from './order-routes.ts'
import { paymentEndpoints } from './payment-routes.ts'
import { planEndpoints } from './plan-routes.ts'
import { createRateLimits } from './rate-limits.ts'
import { refundEndpoints } from './refund-routes.ts'
import { refusals } from './refusal.ts'
import { simulateEndpoints } from './simulate-routes.ts'

/** The merchant API, to be registered under /pg. */
export function api(context: SandboxContext) {
  return async (app: FastifyInstance) => {
    // Bodies stay text: idempotency compares what was sent, and a bad body gets Cashfree's answer, not Fastify's.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))

    const limits = createRateLimits(context)
    const endpoints = [
      ...orderEndpoints(context),
      ...paymentEndpoints(context),
      ...refundEndpoints(context),
      ...disputeEndpoints(context),
      ...planEndpoints(context),
      ...mandateEndpoints(context),
      ...chargeEndpoints(context),
      ...chargeRefundEndpoints(context),
      ...simulateEndpoints(context),
    ]
    for (const endpoint of endpoints) {
      app.route({
        method: endpoint.method,
        url: endpoint.path,
        exposeHeadRoute: false,
        handler: (request, reply) => authenticated(context, limits, endpoint, request, reply),
      })
    }
    app.setNotFoundHandler((_request, reply) => reply.code(400).send(refusals.badUrl().body('2025-01-01')))
  }
}

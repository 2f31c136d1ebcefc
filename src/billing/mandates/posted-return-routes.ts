import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { BillingServices } from '../payments/gateway.ts'
import { readMandateReturn } from '../payments/mandate-return.ts'
import { isAutopayInUse } from './in-use.ts'

/**
 * POST /autopay/return/:mandate: Cashfree posts its visitor back to us, from its own site and so without their cookie. The browser is
 * redirected to the page at the same address, which asks Cashfree itself. What the form says is a hint and is only logged; it changes
 * nothing, signs nobody in and sets no cookie, which is why it may come from any site.
 */
const routes: FastifyPluginAsync<{ services: BillingServices }> = async (app, { services }) => {
  const secrets = services.config.cashfree.credentials?.autopaySecrets ?? []
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.post('/autopay/return/:mandate', { config: { fromAnySite: true } }, async (request, reply) => {
    if (!(await isAutopayInUse(services))) return reply.callNotFound()
    const fields = Object.fromEntries(new URLSearchParams(typeof request.body === 'string' ? request.body : ''))
    const { isSigned, subscriptionId, status, checkoutStatus } = readMandateReturn(fields, secrets)
    request.log.info(
      { event: 'mandate returned', isSigned, subscriptionId, status, checkoutStatus },
      'mandate returned',
    )
    return leadToPage(request, reply)
  })
  // A body that is too large is treated as none.
  app.setErrorHandler(async (_error, request, reply) => leadToPage(request, reply))
}
export default routes

/** To the path it came to, without what a query may say. */
function leadToPage(request: FastifyRequest, reply: FastifyReply) {
  const { mandate } = request.params as { mandate: string }
  return reply.leaveFor(`/autopay/return/${encodeURIComponent(mandate)}`)
}

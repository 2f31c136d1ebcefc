import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BillingServices } from '../billing/payments/gateway.ts'
import { requireUser } from '../identity/sessions/guards.ts'
import { AppError } from '../platform/errors.ts'
import { failureOf } from '../web/errors.ts'
import type { RateCounter } from '../web/rate-limits.ts'
import mandate from './mandate-routes.ts'
import market from './market-routes.ts'
import payments from './payment-routes.ts'

/** What the JSON API is given: limits of routes that cost something and of those that only read, and what counts requests. */
type Api = { services: BillingServices; limit: object; reads: object; count: RateCounter }

/** The JSON API. Nothing of it is kept by caches; errors are `{error: {code, message, fields?}}`. */
const routes: FastifyPluginAsyncTypebox<Api> = async (app, { services, limit, reads, count }) => {
  app.setErrorHandler(showFailure)
  // A visitor learns that they must log in, whatever they asked for.
  app.setNotFoundHandler({ preValidation: requireUser }, (request, reply) =>
    showFailure(new AppError('not-found', 'There is nothing at this address.'), request, reply),
  )
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  await app.register(payments, { services, limit, reads })
  await app.register(mandate, { services, reads, count })
  await app.register(market, { services, reads, count })
}
export default routes

type Validated = Error & {
  validation?: { instancePath: string; message?: string; params: { missingProperty?: string } }[]
}

function showFailure(error: Error, request: FastifyRequest, reply: FastifyReply) {
  const failure = failureOf(error)
  const { validation } = error as Validated
  if (failure.status >= 500) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
  if (failure.retryAfterS !== null) reply.header('retry-after', failure.retryAfterS)
  const fields = validation
    ? Object.fromEntries(
        validation.map((v) => [v.params.missingProperty ?? v.instancePath.slice(1), v.message ?? 'is not right']),
      )
    : failure.fields
  const status = validation ? 422 : failure.status
  const message = validation ? 'Some fields are missing or not right.' : failure.message
  return reply.code(status).send({
    error: {
      code: validation ? 'invalid' : failure.code,
      message,
      ...(Object.keys(fields).length > 0 ? { fields } : {}),
    },
  })
}

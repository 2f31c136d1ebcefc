import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Services } from '../platform/services.ts'
import { direct, isProgram, sourceOf } from '../records/visits/sources.ts'
import { flushMs, visitCounter } from '../records/visits/visit-counter.ts'
import { publicPages } from './public-pages.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Where the visitor of a public page came from, as one short word. */
    visitSource: string
  }
}

/** Counts who opens a public page and is not logged in, by page and source, in memory; written every ten seconds and at the end. */
export default fp<{ services: Services }>(
  async (app: FastifyInstance, { services }) => {
    const { hostname } = new URL(services.config.baseUrl)
    const counter = visitCounter(services.sql)
    const flush = () =>
      counter.flush().catch((error: unknown) => services.log.debug({ err: error }, 'visits wait to be written'))
    const timer = setInterval(flush, flushMs).unref()

    app.decorateRequest('visitSource', direct)
    app.addHook('onRequest', (request, _reply, done) => {
      if (isPublicPage(request)) request.visitSource = sourceKnown(request)
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      if (reply.statusCode === 200 && isPublicPage(request) && isPerson(request))
        counter.count(request.routeOptions.url!, request.visitSource)
      done()
    })
    app.addHook('onClose', async () => {
      clearInterval(timer)
      await flush()
    })

    /** Programs get the page of whoever came directly: they invent sources. */
    function sourceKnown({ query, headers }: FastifyRequest): string {
      if (isProgram(headers['user-agent'])) return direct
      return counter.known(sourceOf(query as object, headers.referer, hostname))
    }
  },
  { name: 'visits' },
)

function isPublicPage({ method, routeOptions }: FastifyRequest): boolean {
  return method === 'GET' && publicPages.includes(routeOptions.url ?? '')
}

/** A visitor with a browser, who looks at a whole page now. */
function isPerson({ user, wantsFragment, headers }: FastifyRequest): boolean {
  return !user && !wantsFragment && !headers['sec-purpose'] && !isProgram(headers['user-agent'])
}

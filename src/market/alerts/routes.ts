import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { maskedEmail } from '../../identity/email-tokens/email-tokens.ts'
import { auditContext } from '../../identity/sessions/guards.ts'
import type { Services } from '../../platform/services.ts'
import { failureOf } from '../../web/errors.ts'
import { alertChoiceBehind, describeAlerts, stopAlertsByLink } from './choices.ts'

declare module '../../web/views.ts' {
  interface Views {
    'market/alerts/manage': { email: string; alerts: string | null; action: string }
    'market/alerts/gone': object
  }
}

const ByLink = Type.Object({ link: Type.String({ maxLength: 100 }) })

/**
 * /alerts/…: what the link in a digest opens, without signing in. It stops the alerts and shows nothing else of the account; a
 * GET changes nothing, because mail scanners open every link.
 */
const routes: FastifyPluginAsyncTypebox<{ services: Services; limit: object }> = async (app, { services, limit }) => {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-robots-tag', 'noindex')
  })

  app.get('/alerts/:link', { schema: { params: ByLink } }, async (request, reply) => {
    const choice = await alertChoiceBehind(services.sql, request.params.link)
    if (!choice) return reply.code(404).page('market/alerts/gone', {})
    const action = `/alerts/${request.params.link}`
    return reply.page('market/alerts/manage', {
      email: maskedEmail(choice.email),
      alerts: describeAlerts(choice),
      action,
    })
  })

  // Mail programs that do not know one-click open the address in List-Unsubscribe: it leads to the form.
  app.get('/alerts/:link/stop', { schema: { params: ByLink } }, async (request, reply) =>
    reply.leaveFor(`/alerts/${encodeURIComponent(request.params.link)}`),
  )

  app.post('/alerts/:link', { schema: { params: ByLink }, config: limit }, async (request, reply) => {
    const { link } = request.params
    const by = { actor: 'link', origin: auditContext(request) }
    if (!(await stopAlertsByLink(services.sql, link, by))) return reply.code(404).page('market/alerts/gone', {})
    request.session.set('notice', { kind: 'good', text: 'Done: no more alerts.' })
    return reply.leaveFor(`/alerts/${link}`)
  })
}
export default routes

/**
 * POST /alerts/…/stop: the one-click unsubscribe of RFC 8058, sent by mail providers; as that of the reports, outside the scope
 * of the pages: no cookie is read or set, it may come from any site with any body, and can do this one thing.
 */
export async function stopAlerts(app: FastifyInstance, { services }: { services: Services }): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 16 * 1024 }, (_request, _body, done) =>
    done(null, null),
  )
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').type('text/plain; charset=utf-8')
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, retryAfterS } = failureOf(error)
    if (status >= 500) request.log.error({ err: error }, 'alerts could not be stopped')
    if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
    return reply.code(status).send('This did not work. Please try again.')
  })
  app.post<{ Params: { link: string } }>('/alerts/:link/stop', async (request, reply) => {
    const by = { actor: 'one-click', origin: auditContext(request) }
    const stopped = await stopAlertsByLink(services.sql, request.params.link, by)
    return reply.code(stopped ? 200 : 404).send(stopped ? 'Done: no more alerts.' : 'This link does not work any more.')
  })
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { maskedEmail } from '../../identity/email-tokens/email-tokens.ts'
import { auditContext } from '../../identity/sessions/guards.ts'
import { Type } from '../../platform/schema.ts'
import type { Services } from '../../platform/services.ts'
import { answerOneClick } from '../../web/one-click.ts'
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
    request.session.set('notice', { kind: 'good', text: 'Stopped: you get no more alerts.' })
    return reply.leaveFor(`/alerts/${link}`)
  })
}
export default routes

/** POST /alerts/…/stop: the one-click unsubscribe of digests, outside the scope of the pages. */
export async function stopAlerts(app: FastifyInstance, { services }: { services: Services }): Promise<void> {
  answerOneClick<{ link: string }>(app, '/alerts/:link/stop', {
    stop: ({ link }, request) =>
      stopAlertsByLink(services.sql, link, { actor: 'one-click', origin: auditContext(request) }),
    done: 'Stopped: you get no more alerts.',
  })
}

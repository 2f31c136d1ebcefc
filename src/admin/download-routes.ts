import type { FastifyInstance, FastifyRequest } from 'fastify'
import { actorOf } from '../identity/sessions/guards.ts'
import type { Services } from '../platform/services.ts'
import { recordExport } from '../records/audit/queries.ts'

/** Puts every file that an administrator takes out of this scope on record, before its first byte leaves; a refusal is none. */
export function auditDownloads(app: FastifyInstance, { sql }: Pick<Services, 'sql'>): void {
  app.addHook('onSend', async (request, reply) => {
    const [, file] = /^\/admin\/(.+\.(?:csv|zip))$/.exec(request.routeOptions.url ?? '') ?? []
    if (file && request.method === 'GET' && reply.statusCode === 200)
      await recordExport(sql, { file, ...narrowedBy(request) }, actorOf(request))
  })
}

/** Fields that are chosen from a list. In all others a name or an address may be typed, which the audit could not forget. */
const choices = ['action', 'buyer', 'kind', 'month', 'outcome', 'plan', 'role', 'state', 'status', 'what']

/** By what the file was narrowed: choices and days as they are, of anything typed only that there was something. */
function narrowedBy({ query }: FastifyRequest): Record<string, string> {
  const given = Object.entries(query as Record<string, string>).filter(([, value]) => value !== '')
  const isDay = (value: string) => /^\d{4}-\d\d-\d\d$/.test(value)
  return Object.fromEntries(
    given.map(([name, value]) => [name, choices.includes(name) || isDay(value) ? value : '(searched)']),
  )
}

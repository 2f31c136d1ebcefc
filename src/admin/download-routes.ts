import type { FastifyInstance, FastifyRequest } from 'fastify'
import { actorOf } from '../identity/sessions/guards.ts'
import type { Services } from '../platform/services.ts'
import { recordExport } from '../records/audit/queries.ts'

/** Puts every file that an administrator takes out of this scope on record, before its first byte leaves. */
export function auditDownloads(app: FastifyInstance, { sql }: Pick<Services, 'sql'>): void {
  app.addHook('preHandler', async (request) => {
    const [, file] = /^\/admin\/(.+\.(?:csv|zip))$/.exec(request.routeOptions.url ?? '') ?? []
    if (file && request.method === 'GET') await recordExport(sql, { file, ...narrowedBy(request) }, actorOf(request))
  })
}

/** Fields in which a name or an address may be typed: the audit could not forget it. */
const searches = ['q', 'person', 'actor', 'to']

/** By what the file was narrowed: choices and days as they are, of a search only that there was one. */
function narrowedBy({ query }: FastifyRequest): Record<string, string> {
  const given = Object.entries(query as Record<string, string>).filter(([, value]) => value !== '')
  const isDay = (value: string) => /^\d{4}-\d\d-\d\d$/.test(value)
  return Object.fromEntries(
    given.map(([name, value]) => [name, searches.includes(name) && !isDay(value) ? '(searched)' : value]),
  )
}

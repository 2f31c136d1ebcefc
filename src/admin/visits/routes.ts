import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { firstOf, QueryText } from '../../platform/query-text.ts'
import { Type } from '../../platform/schema.ts'
import { visitDays } from '../../records/visits/visit-counter.ts'
import type { Panel } from '../panel.ts'
import { listPages, listSources, type SourceFunnel } from './queries.ts'

type Row = SourceFunnel & { label: string }

declare module '../../web/views.ts' {
  interface Views {
    'admin/visits/show': {
      days: number
      periods: readonly number[]
      rows: Row[]
      /** How many sources are not listed. */
      more: number
      total: Omit<SourceFunnel, 'source'>
      pages: { page: string; views: number }[]
    }
  }
}

const periods = [7, 30, visitDays] as const
/** Sources that are listed: made-up ones can be many. */
const most = 200
const labels: Record<string, string> = {
  direct: 'Direct, or not told',
  'this-site': 'A link on this site',
  other: 'Others',
}
const Asked = Type.Object({ days: QueryText })

/** /admin/visits: where visitors come from, and how far each source gets: pages, registrations, first payments. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  app.get('', { schema: { querystring: Asked } }, async (request, reply) => {
    const days = periods.find((one) => String(one) === firstOf(request.query.days)) ?? 30
    const [sources, pages] = await Promise.all([listSources(services.sql, days), listPages(services.sql, days)])
    const sum = (of: (one: SourceFunnel) => number) => sources.reduce((total, one) => total + of(one), 0)
    return reply.page('admin/visits/show', {
      days,
      periods,
      rows: sources.slice(0, most).map((one) => ({ ...one, label: labels[one.source] ?? one.source })),
      more: Math.max(0, sources.length - most),
      total: {
        views: sum((one) => one.views),
        front: sum((one) => one.front),
        registrations: sum((one) => one.registrations),
        paid: sum((one) => one.paid),
      },
      pages,
    })
  })
}
export default routes

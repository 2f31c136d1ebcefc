import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '../../platform/schema.ts'
import type { Panel } from '../panel.ts'
import { roleLabels, statusLabel } from '../subscribers/labels.ts'
import { type Found, searchPanel } from './search.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/search/show': {
      q: string
      found: Found | null
      roleLabels: typeof roleLabels
      statusLabel: typeof statusLabel
    }
  }
}

const Asked = Type.Object({ q: Type.Optional(Type.String({ maxLength: 200 })) })

/** /admin/search: where the box above every page of the panel leads; straight to the page where only one can be meant. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  app.get('', { schema: { querystring: Asked } }, async (request, reply) => {
    const q = (request.query.q ?? '').replaceAll('\0', '').trim()
    const found = q === '' ? null : await searchPanel(services.sql, q)
    if (found?.page) return reply.leaveFor(found.page)
    return reply.page('admin/search/show', { q, found, roleLabels, statusLabel })
  })
}
export default routes

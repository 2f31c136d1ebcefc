import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf, requireWriteAccess } from '../../../identity/sessions/guards.ts'
import { setAlternative } from '../../../market/instruments/alternatives/alternatives.ts'
import type { Services } from '../../../platform/services.ts'
import { formAction } from '../../../web/form-action.ts'
import { PostedForm, readForm } from '../../../web/forms.ts'
import { BySymbol, backToList, instrumentAt, revisionIn, showInstrument, valuesOf } from './detail-routes.ts'

/** /admin/market/instruments/:symbol/alternative: listing an instrument on another sector's page instead of ranking it. */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  const { sql } = services

  app.post(
    '/:symbol/alternative',
    { preHandler: requireWriteAccess, schema: { params: BySymbol, body: PostedForm } },
    async (request, reply) => {
      const { symbol } = await instrumentAt(sql, request)
      const typed = readForm(request.body, ['seen', 'sector'], 40)
      const link = async () => {
        await setAlternative(sql, { symbol, seen: revisionIn(typed), typed: typed.sector.trim() }, actorOf(request))
        const where =
          typed.sector.trim() === '' ? 'is ranked by itself' : `is listed on the page of ${typed.sector.trim()}`
        return backToList(request, reply, `${symbol} ${where} from now on.`)
      }
      return formAction(reply, typed, link, async (form) => {
        const found = await instrumentAt(sql, request)
        return showInstrument(sql, request, reply, found, { ...form, values: { ...valuesOf(found), ...typed } })
      })
    },
  )
}
export default routes

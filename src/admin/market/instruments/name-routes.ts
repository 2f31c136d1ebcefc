import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf, requireWriteAccess } from '../../../identity/sessions/guards.ts'
import { forgetName, renameFields, renameInstrument } from '../../../market/instruments/names/names.ts'
import type { Services } from '../../../platform/services.ts'
import { formAction } from '../../../web/form-action.ts'
import { PostedForm, readForm } from '../../../web/forms.ts'
import { BySymbol, backToList, instrumentAt, revisionIn, showInstrument, valuesOf } from './detail-routes.ts'

const acted = { preHandler: requireWriteAccess, schema: { params: BySymbol, body: PostedForm } }

/** /admin/market/instruments/:symbol/…: renaming an instrument, and forgetting a former name that was noted by mistake. */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  const { sql } = services

  app.post('/:symbol/rename', acted, async (request, reply) => {
    const { symbol } = request.params
    const typed = readForm(request.body, ['seen', ...renameFields], 100)
    const rename = async () => {
      const newSymbol = await renameInstrument(sql, { ...typed, symbol, seen: revisionIn(typed) }, actorOf(request))
      return backToList(request, reply, `${symbol} is now ${newSymbol}, with all its history.`)
    }
    return formAction(reply, typed, rename, async (form) => {
      const found = await instrumentAt(sql, request)
      return showInstrument(sql, request, reply, found, { ...form, values: { ...valuesOf(found), ...typed } })
    })
  })

  app.post('/:symbol/former-names/removal', acted, async (request, reply) => {
    const { symbol } = await instrumentAt(sql, request)
    const { seen, kind, name, until } = readForm(request.body, ['seen', 'kind', 'name', 'until'], 40)
    const forget = async () => {
      const given = {
        symbol,
        seen: revisionIn({ seen }),
        kind: kind === 'isin' ? kind : 'symbol',
        name,
        until,
      } as const
      await forgetName(sql, given, actorOf(request))
      request.session.set('notice', { kind: 'good', text: `${name} is no longer a former name of ${symbol}.` })
      return reply.leaveFor(`/admin/market/instruments/${encodeURIComponent(symbol)}`)
    }
    return formAction(reply, {}, forget, async (form) => {
      const found = await instrumentAt(sql, request)
      return showInstrument(sql, request, reply, found, { ...form, values: valuesOf(found) })
    })
  })
}
export default routes

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { dayIn } from '../../market/calendar/days.ts'
import { addHolidays } from '../../market/calendar/holidays.ts'
import { listHolidays, removeHoliday } from '../../market/calendar/queries.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import type { Panel } from '../panel.ts'
import { labels, type MarketLabels } from './labels.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/market/holidays': {
      years: { year: string; days: { day: string; name: string }[] }[]
      form: FormState
      mayAct: boolean
      labels: MarketLabels
    }
  }
}

/** /admin/market/holidays: weekdays on which the exchange is closed, typed or pasted. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql } = services
  app.get('', async (request, reply) => show(request, reply, formState()))

  app.post('', { preHandler: requireWriteAccess, schema: { body: PostedForm } }, async (request, reply) => {
    const { lines } = readForm(request.body, ['lines'], 20_000)
    const add = async () => {
      const changed = await addHolidays(sql, lines, actorOf(request))
      const text = changed === 0 ? 'All of these were known.' : `${labels.many(changed, 'holiday')} saved.`
      request.session.set('notice', { kind: 'good', text })
      return reply.leaveFor('/admin/market/holidays')
    }
    return formAction(reply, { lines }, add, (form) => show(request, reply, form))
  })

  app.post('/removal', { preHandler: requireWriteAccess, schema: { body: PostedForm } }, async (request, reply) => {
    const { day } = readForm(request.body, ['day'], 10)
    if (dayIn(day) === day && (await removeHoliday(sql, day, actorOf(request))))
      request.session.set('notice', { kind: 'good', text: `${labels.dayText(day)} is a trading day again.` })
    return reply.leaveFor('/admin/market/holidays')
  })

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState) {
    const byYear = Map.groupBy(await listHolidays(sql), ({ day }) => day.slice(0, 4))
    return reply.page('admin/market/holidays', {
      years: [...byYear].map(([year, days]) => ({ year, days })).reverse(),
      form,
      mayAct: request.mayAct,
      labels,
    })
  }
}
export default routes

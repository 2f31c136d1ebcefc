import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireMoney } from '../../identity/sessions/guards.ts'
import { dayIn } from '../../market/calendar/days.ts'
import { addHolidays } from '../../market/calendar/holidays.ts'
import { listHolidays, removeHoliday } from '../../market/calendar/queries.ts'
import { AppError } from '../../platform/errors.ts'
import { statuses } from '../../web/errors.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import type { Panel } from '../panel.ts'
import { labels, type StatusLabel } from './labels.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/market/holidays': {
      years: { year: string; days: { day: string; name: string }[] }[]
      form: FormState
      mayAct: boolean
      words: StatusLabel
    }
  }
}

/** /admin/market/holidays: weekdays on which the exchange is closed, typed or pasted. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { deps }) => {
  const { sql } = deps
  app.get('', async (request, reply) => show(request, reply))

  app.post('', { preHandler: requireMoney, schema: { body: PostedForm } }, async (request, reply) => {
    const { lines } = readForm(request.body, ['lines'], 20_000)
    try {
      const changed = await addHolidays(sql, lines, actorOf(request))
      const text = changed === 0 ? 'All of these were known.' : `${labels.many(changed, 'holiday')} saved.`
      request.session.set('notice', { kind: 'good', text })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'invalid') throw error
      return show(request, reply, { lines }, error)
    }
    return reply.leaveFor('/admin/market/holidays')
  })

  app.post('/removal', { preHandler: requireMoney, schema: { body: PostedForm } }, async (request, reply) => {
    const { day } = readForm(request.body, ['day'], 10)
    if (dayIn(day) === day && (await removeHoliday(sql, day, actorOf(request))))
      request.session.set('notice', { kind: 'good', text: `${labels.dayText(day)} is a trading day again.` })
    return reply.leaveFor('/admin/market/holidays')
  })

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    typed: Record<string, string> = {},
    failure?: AppError,
  ) {
    const byYear = Map.groupBy(await listHolidays(sql), ({ day }) => day.slice(0, 4))
    if (failure) reply.code(statuses[failure.code])
    return reply.page('admin/market/holidays', {
      years: [...byYear].map(([year, days]) => ({ year, days })).reverse(),
      form: formState(typed, failure?.fields, failure?.message),
      mayAct: request.user?.role === 'admin',
      words: labels,
    })
  }
}
export default routes

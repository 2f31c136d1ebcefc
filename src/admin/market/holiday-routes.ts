import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { type CalendarFlaw, calendarFlaws } from '../../market/calendar/calendar-flaws.ts'
import { dayIn } from '../../market/calendar/days.ts'
import { addHolidays, type SavedList } from '../../market/calendar/holidays.ts'
import {
  type Holiday,
  listHolidays,
  listSpecialSessions,
  removeHoliday,
  removeSpecialSession,
  type SpecialSession,
} from '../../market/calendar/queries.ts'
import { dayInIndia } from '../../platform/dates.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import type { Panel } from '../panel.ts'
import { labels, type MarketLabels } from './labels.ts'

/** A day of the calendar; a holiday can have a special session in the evening, and is then there twice. */
type Entry = { day: string; name: string; kind: 'holiday' | 'session' }

declare module '../../web/views.ts' {
  interface Views {
    'admin/market/holidays': {
      flaws: CalendarFlaw[]
      years: { year: string; summary: string; isCurrent: boolean; days: Entry[] }[]
      form: FormState
      mayAct: boolean
      labels: MarketLabels
    }
  }
}

/** NSE's list of all segments is about 35 KB of JSON, and twice that as a form. */
const longestList = 100_000
const bodyLimit = 4 * longestList

/** /admin/market/holidays: when the exchange is closed on weekdays, and open on other days; typed, pasted or from NSE's list. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql } = services
  app.get('', async (request, reply) => show(request, reply, formState()))

  app.post('', { bodyLimit, preHandler: requireWriteAccess, schema: { body: PostedForm } }, async (request, reply) => {
    const { lines } = readForm(request.body, ['lines'], longestList)
    const add = async () => {
      const saved = await addHolidays(sql, lines, actorOf(request))
      request.session.set('notice', { kind: saved.unlisted.length > 0 ? 'warn' : 'good', text: savedText(saved) })
      return reply.leaveFor('/admin/market/holidays')
    }
    return formAction(reply, { lines }, add, (form) => show(request, reply, form))
  })

  app.post('/removal', { preHandler: requireWriteAccess, schema: { body: PostedForm } }, async (request, reply) => {
    const { day, kind } = readForm(request.body, ['day', 'kind'], 10)
    const [remove, outcome] =
      kind === 'session' ? [removeSpecialSession, 'is no longer a session'] : [removeHoliday, 'is no longer a holiday']
    if (dayIn(day) === day && (await remove(sql, day, actorOf(request))))
      request.session.set('notice', { kind: 'good', text: `${labels.dayText(day)} ${outcome}.` })
    return reply.leaveFor('/admin/market/holidays')
  })

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState) {
    const [holidays, sessions] = await Promise.all([listHolidays(sql), listSpecialSessions(sql)])
    const today = dayInIndia(new Date())
    return reply.page('admin/market/holidays', {
      flaws: calendarFlaws({ holidays, sessions }, today),
      years: yearsOf(holidays, sessions, today.slice(0, 4)),
      form,
      mayAct: request.mayAct,
      labels,
    })
  }
}
export default routes

function savedText({ holidays, sessions, listedSessions, weekends, unlisted }: SavedList): string {
  const named = (days: readonly Holiday[]) => days.map(({ day, name }) => `${labels.dayText(day)} (${name})`).join('; ')
  const counts = [
    ...(holidays > 0 || sessions === 0 ? [labels.plural(holidays, 'holiday')] : []),
    ...(sessions > 0 ? [labels.plural(sessions, 'special session')] : []),
  ]
  return [
    holidays + sessions === 0 ? 'All of these were here already.' : `${counts.join(' and ')} saved.`,
    ...(sessions > 0 ? [`Open on ${named(listedSessions)}.`] : []),
    ...(weekends > 0
      ? [`${labels.plural(weekends, 'day')} on weekends left out: the exchange is closed then anyway.`]
      : []),
    ...(unlisted.length > 0 ? [`Entered here, and not in this list: ${named(unlisted)}. Remove what has moved.`] : []),
  ].join(' ')
}

/** The newest year first, and its days in order. */
function yearsOf(holidays: readonly Holiday[], sessions: readonly SpecialSession[], current: string) {
  const entries: Entry[] = [
    ...holidays.map((one) => ({ ...one, kind: 'holiday' as const })),
    ...sessions.map((one) => ({ ...one, kind: 'session' as const })),
  ].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0))
  const counted = (days: readonly Entry[], kind: Entry['kind']) => days.filter((one) => one.kind === kind).length
  return [...Map.groupBy(entries, ({ day }) => day.slice(0, 4))].reverse().map(([year, days]) => ({
    year,
    summary: `${labels.plural(counted(days, 'holiday'), 'holiday')}, ${labels.plural(counted(days, 'session'), 'special session')}`,
    isCurrent: year >= current,
    days,
  }))
}

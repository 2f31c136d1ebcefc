import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { dayInIndia } from '../../platform/dates.ts'
import type { Panel } from '../panel.ts'
import { listStepMetrics, type StepMetrics } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/reminders/show': { month: string; months: string[]; ladders: Ladder[]; rescuedPaise: number }
  }
}
type Ladder = { title: string; steps: (StepMetrics & { label: string })[] }

const labels: Record<StepMetrics['ladder'], readonly (readonly [step: string, label: string])[]> = {
  renewal: [
    ['7', '7 days before'],
    ['3', '3 days before'],
    ['1', 'the day before'],
    ['0', 'the last day'],
    ['grace-first', 'first grace day'],
    ['grace-last', 'last grace day'],
    ['after-3', '3 days after access stopped'],
    ['after-14', '14 days after access stopped'],
  ],
  rescue: [
    ['1h', 'an hour after'],
    ['24h', 'a day after'],
    ['72h', 'three days after'],
  ],
}

const Asked = Type.Object({ month: Type.Optional(Type.String({ maxLength: 10 })) })

/** /admin/reminders: what each step of the two ladders brought: sent, opened, paid, and rupees. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  app.get('', { schema: { querystring: Asked } }, async (request, reply) => {
    const months = lastMonths(dayInIndia(new Date()), 12)
    const month = months.find((known) => known === request.query.month) ?? months[0]!
    const figures = await listStepMetrics(services.sql, month)
    const ladder = (title: string, name: StepMetrics['ladder']): Ladder => ({
      title,
      steps: labels[name].map(([step, label]) => ({
        ...(figures.find((one) => one.ladder === name && one.step === step) ?? nothing(name, step)),
        label,
      })),
    })
    return reply.page('admin/reminders/show', {
      month,
      months,
      ladders: [ladder('Before and after an end', 'renewal'), ladder('Begun and not paid', 'rescue')],
      rescuedPaise: figures
        .filter((one) => one.ladder === 'rescue')
        .reduce((total, { paidPaise }) => total + paidPaise, 0),
    })
  })
}
export default routes

const nothing = (ladder: StepMetrics['ladder'], step: string): StepMetrics => ({
  ladder,
  step,
  written: 0,
  sent: 0,
  opened: 0,
  paid: 0,
  paidPaise: 0,
})

/** The months up to that of a day, newest first: "2026-11". */
function lastMonths(day: string, many: number): string[] {
  const [year, month] = day.split('-').map(Number) as [number, number]
  return Array.from({ length: many }, (_, back) => {
    const at = new Date(Date.UTC(year, month - 1 - back, 1))
    return at.toISOString().slice(0, 7)
  })
}

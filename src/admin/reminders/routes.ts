import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { dayInIndia } from '../../platform/dates.ts'
import { Type } from '../../platform/schema.ts'
import type { Panel } from '../panel.ts'
import { listStepMetrics, type StepMetrics } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/reminders/show': { month: string; months: { value: string; label: string }[]; ladders: Ladder[] }
  }
}
type Ladder = { title: string; steps: (StepMetrics & { label: string })[]; paidPaise: number }

const labels: Record<StepMetrics['ladder'], readonly (readonly [step: string, label: string])[]> = {
  renewal: [
    ['7', '7 days before'],
    ['3', '3 days before'],
    ['1', 'The day before'],
    ['0', 'The last day'],
    ['grace-first', 'First day of grace'],
    ['grace-last', 'Last day of grace'],
    ['after-3', '3 days after access stopped'],
    ['after-14', '14 days after access stopped'],
  ],
  rescue: [
    ['1h', 'An hour later'],
    ['24h', 'A day later'],
    ['72h', 'Three days later'],
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
      paidPaise: figures.filter((one) => one.ladder === name).reduce((total, step) => total + step.paidPaise, 0),
    })
    return reply.page('admin/reminders/show', {
      month,
      months: months.map((value) => ({ value, label: monthLabel.format(new Date(value)) })),
      ladders: [ladder('Plans that end', 'renewal'), ladder('Unfinished payments', 'rescue')],
    })
  })
}
export default routes

const monthLabel = new Intl.DateTimeFormat('en-IN', { month: 'long', year: 'numeric', timeZone: 'UTC' })

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

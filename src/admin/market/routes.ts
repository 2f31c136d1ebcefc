import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listHolidays } from '../../market/calendar/queries.ts'
import { listOtherIsins } from '../../market/instruments/etf-list/queries.ts'
import { type Import, listImports } from '../../market/prices/imports/queries.ts'
import { marketAge } from '../../market/prices/queries.ts'
import { listSplits } from '../../market/prices/splits/queries.ts'
import { dayInIndia } from '../../platform/dates.ts'
import { namesOf } from '../incidents/queries.ts'
import type { Panel } from '../panel.ts'
import holidays from './holiday-routes.ts'
import imports from './imports/routes.ts'
import instruments from './instruments/routes.ts'
import { labels, type MarketLabels, machineNames } from './labels.ts'
import { type Problem, problemsOf } from './problems.ts'
import { type Coverage, countHeld, listCoverage } from './queries.ts'
import splits from './split-routes.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/market/overview': {
      age: { asOf: string | null; sample: boolean; daysBehind: number }
      problems: Problem[]
      coverage: Coverage[]
      recent: Import[]
      names: Record<string, string>
      coming: { day: string; name: string }[]
      splits: number
      mayAct: boolean
      labels: MarketLabels
    }
  }
}

/** /admin/market: the state of the data, problems first; below it imports, instruments, splits and holidays. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, panel) => {
  const { sql } = panel.services
  app.get('', async (request, reply) => {
    const today = dayInIndia(new Date())
    const [age, coverage, held, recent, days, split, isins] = await Promise.all([
      marketAge(sql),
      listCoverage(sql),
      countHeld(sql),
      listImports(sql, 5),
      listHolidays(sql),
      listSplits(sql),
      listOtherIsins(sql),
    ])
    const people = await namesOf(
      sql,
      recent.map((one) => one.createdBy),
    )
    const holidayYears = new Set(days.map(({ day }) => day.slice(0, 4)))
    return reply.page('admin/market/overview', {
      age,
      problems: problemsOf({ age, coverage, held, holidayYears, isins, today }),
      coverage,
      recent,
      names: { ...machineNames, ...people },
      coming: days.filter(({ day }) => day >= today).slice(0, 3),
      splits: split.length,
      mayAct: request.mayAct,
      labels,
    })
  })

  for (const [name, place] of Object.entries({ imports, instruments, splits, holidays }))
    await app.register(place, { ...panel, prefix: `/${name}` })
}
export default routes

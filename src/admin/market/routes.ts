import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { calendarFlaws } from '../../market/calendar/calendar-flaws.ts'
import { listHolidays, listSpecialSessions } from '../../market/calendar/queries.ts'
import { listListedRenames, listOtherIsins } from '../../market/instruments/etf-list/queries.ts'
import { type Import, listImports } from '../../market/prices/imports/queries.ts'
import { marketAge } from '../../market/prices/queries.ts'
import { findBenchmarkSessions } from '../../market/prices/sessions.ts'
import { listSplits } from '../../market/prices/splits/queries.ts'
import { dayInIndia } from '../../platform/dates.ts'
import { namesOf } from '../incidents/queries.ts'
import type { Panel } from '../panel.ts'
import feed from './feed-routes.ts'
import calendarPages from './holiday-routes.ts'
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
      sessions: { day: string; name: string }[]
      unknownYears: number[]
      splits: number
      mayAct: boolean
      labels: MarketLabels
    }
  }
}

/** /admin/market: the state of the data, problems first; below it feed, imports, instruments, splits and the calendar. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, panel) => {
  const { sql } = panel.services
  app.get('', async (request, reply) => {
    const today = dayInIndia(new Date())
    const sessions = await findBenchmarkSessions(sql)
    const [age, coverage, held, recent, holidays, special, split, isins, renames] = await Promise.all([
      marketAge(sql),
      listCoverage(sql, sessions ?? undefined),
      countHeld(sql),
      listImports(sql, 5),
      listHolidays(sql),
      listSpecialSessions(sql),
      listSplits(sql),
      listOtherIsins(sql),
      listListedRenames(sql),
    ])
    const people = await namesOf(
      sql,
      recent.map((one) => one.createdBy),
    )
    const calendar = calendarFlaws({ holidays, sessions: special }, today)
    const coming = <Of extends { day: string }>(days: readonly Of[]) =>
      days.filter(({ day }) => day >= today).slice(0, 3)
    return reply.page('admin/market/overview', {
      age,
      problems: problemsOf({ age, coverage, held, sessions, calendar, isins, renames }),
      coverage,
      recent,
      names: { ...machineNames, ...people },
      coming: coming(holidays),
      sessions: coming(special),
      unknownYears: sessions?.unknownYears ?? [],
      splits: split.length,
      mayAct: request.mayAct,
      labels,
    })
  })

  for (const [name, place] of Object.entries({ feed, imports, instruments, splits, holidays: calendarPages }))
    await app.register(place, { ...panel, prefix: `/${name}` })
}
export default routes

import type { Sql } from '../../platform/db.ts'
import { changesBetween } from '../changes/changes.ts'
import type { ChangeStep } from '../changes/standings.ts'
import { currentMarket, type Market } from '../engine/market.ts'
import {
  type DuePerson,
  findAlertLack,
  findState,
  listPeopleDue,
  listStepsDue,
  queueDigests,
  type Told,
} from './queries.ts'
import { type State, stateAfter } from './states.ts'

const batch = 500

/**
 * Tells everybody who is due what changed up to the newest session, in one digest a person and session, and nothing where
 * nothing changed. It can be stopped at any point and continued by another process, also at the same time. On sample prices,
 * and while the session's prices are held, half there or out of date, nobody is told anything; quiet hours are waited for.
 * Answers how many people were moved on to the session.
 */
export async function queueAlerts(sql: Sql, stopping?: AbortSignal): Promise<number> {
  const market = await currentMarket(sql)
  const issue = market.asOf
  if (issue === null || market.sample) return 0
  const steps = await listStepsDue(sql, issue)
  if (steps.length === 0 || (await findAlertLack(sql, issue)) !== null) return 0
  let moved = 0
  for (const step of steps) moved += await queueStep(sql, market, { step, issue }, stopping)
  return moved
}

async function queueStep(
  sql: Sql,
  market: Market,
  { step, issue }: { step: ChangeStep; issue: string },
  stopping?: AbortSignal,
): Promise<number> {
  const state = await stateAfter(sql, market, step, issue)
  if (state === null) return 0
  const stateKnown = statesOf(sql)
  const sectors = new Set(market.sectors.map(({ symbol }) => symbol))
  let all = 0
  while (!stopping?.aborted) {
    const due = await listPeopleDue(sql, { step, issue, limit: batch })
    if (due.length === 0) break
    const people: Told[] = []
    for (const person of due) people.push(toldTo(person, state, await stateKnown(person.from), sectors))
    const moved = await queueDigests(sql, { issue, version: market.version, state: state.id, people })
    if (moved === null) break
    all += moved
  }
  return all
}

/** What one person is told. Readings against another benchmark are not compared: they begin anew. */
function toldTo(person: DuePerson, now: State, known: Omit<State, 'id'> | null, sectors: ReadonlySet<string>): Told {
  const { userId, revision, told, from } = person
  const wanted = person.scope === 'all' ? sectors : new Set(person.symbols)
  const changes =
    known === null || known.benchmark !== now.benchmark
      ? []
      : changesBetween(known.standings, now.standings, person, (symbol) => wanted.has(symbol))
  return { userId, revision, told, from, changes }
}

/** States by their number; each is read once. */
function statesOf(sql: Sql): (id: number | null) => Promise<Omit<State, 'id'> | null> {
  const known = new Map<number, Promise<Omit<State, 'id'>>>()
  return async (id) => {
    if (id === null) return null
    const state = known.get(id) ?? findState(sql, id)
    known.set(id, state)
    return state
  }
}

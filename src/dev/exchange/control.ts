import { readFileSync, writeFileSync } from 'node:fs'
import type { Day } from '../../market/calendar/days.ts'
import { dayInIndia } from '../../platform/dates.ts'
import { createClock, istTime } from '../cashfree-sandbox/clock.ts'
import { concernsSymbol, type Fault, type FaultName } from './faults.ts'
import type { Listing } from './listing.ts'
import { type Sessions, sessionsOf } from './sessions.ts'

/** A clock or fault that cannot be set so; the message says why. */
export class ControlError extends Error {}

export type Control = ReturnType<typeof createControl>

type Given = { listed: () => Promise<Listing>; stateFile: string | null; at?: number }

/** Everything that can be done to the look-alike: the console, the control API and tests in the same process use it. */
export function createControl({ listed, stateFile, at }: Given) {
  const kept = stateFile === null ? null : readState(stateFile)
  const clock = createClock(at === undefined ? kept?.offsetMs : at - Date.now())
  let faults: Fault[] = kept?.faults ?? []
  const keep = () => {
    if (stateFile !== null) writeFileSync(stateFile, JSON.stringify({ offsetMs: clock.offsetMs(), faults }))
  }

  /** What trades at this moment, and when; read anew, because the product's instruments and calendar change. */
  async function market(): Promise<{ listing: Listing; sessions: Sessions; faults: readonly Fault[] }> {
    const listing = await listed()
    return { listing, sessions: sessionsOf(listing.calendar, faults), faults }
  }

  /** The first session whose file has not appeared yet. */
  function comingSession(sessions: Sessions): Day {
    const today = dayInIndia(new Date(clock.now()))
    const isToCome = sessions.isOpen(today) && sessions.publishedAt(today) > clock.now()
    return isToCome ? today : sessions.next(today, 1)
  }

  return {
    market,

    /** Milliseconds since 1970 on the exchange's own clock. */
    now: () => clock.now(),

    async state() {
      const { sessions } = await market()
      const coming = comingSession(sessions)
      const days = [coming]
      while (days.length < 6) days.push(sessions.next(days.at(-1)!, -1))
      return {
        clock: { now: istTime(clock.now()), offsetMs: clock.offsetMs() },
        sessions: days.map((day) => {
          const appears = sessions.publishedAt(day)
          return { day, appears: istTime(appears), hasAppeared: appears <= clock.now() }
        }),
        faults,
      }
    },

    /** Sets the clock, ahead or back. */
    setTime(moment: number) {
      clock.setOffset(moment - Date.now())
      keep()
    },

    /** Puts the clock back to real time. */
    resetClock() {
      clock.setOffset(0)
      keep()
    },

    /** Moves to the evening of the coming session, at the minute its file appears. Answers the day. */
    async nextSession(): Promise<Day> {
      const { sessions } = await market()
      const day = comingSession(sessions)
      clock.moveTo(sessions.publishedAt(day))
      keep()
      return day
    },

    /** Switches a fault on: for the coming session, or the day given. Throws ControlError for a symbol that is not listed. */
    async fault(name: FaultName, given: { day?: Day; symbol?: string } = {}): Promise<Fault> {
      const { sessions, listing } = await market()
      const coming = comingSession(sessions)
      const day = given.day || (name === 'session' ? sessions.nextClosed(coming) : coming)
      const etf = listing.etfs.find(({ symbol }) => symbol === (given.symbol || 'BANKBEES'))
      if (concernsSymbol(name) && !etf) throw new ControlError(`There is no ${given.symbol || 'BANKBEES'} in its list.`)
      const fault = { name, day, symbol: concernsSymbol(name) ? etf!.walk : null }
      faults = [...faults, fault]
      keep()
      return fault
    },

    clearFaults() {
      faults = []
      keep()
    },
  }
}

type State = { offsetMs: number; faults: Fault[] }

function readState(file: string): State | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as State
  } catch {
    return null
  }
}

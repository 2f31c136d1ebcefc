import type { Day } from '../../market/calendar/days.ts'

/** Every fault that can be switched on for a day, with its label in the console. */
export const FAULTS = {
  late: 'The file appears at 22:30 instead of soon after 18:00',
  blocked: 'The file’s address answers 403 with a block page',
  truncated: 'The zip is cut short',
  stale: 'The previous session’s file comes again',
  missing: 'One symbol is missing',
  split: 'One symbol is split 1:10 overnight',
  renamed: 'One symbol trades under a new name from this day on',
  session: 'A special session on a day when the exchange is closed',
  closed: 'A holiday that nobody announced',
} as const

export type FaultName = keyof typeof FAULTS
/** `symbol`: whom it concerns, where it concerns one. */
export type Fault = { name: FaultName; day: Day; symbol: string | null }

/** Whether the text names a fault. */
export function isFault(text: string): text is FaultName {
  return Object.hasOwn(FAULTS, text)
}

/** Faults that are about one symbol. */
export function concernsSymbol(name: FaultName): boolean {
  return name === 'missing' || name === 'split' || name === 'renamed'
}

/** What a symbol is called once it is renamed. */
export function renamedTo(symbol: string): string {
  return `${symbol.slice(0, 17)}NEW`
}

/** The units for one old one after a split. */
export const splitRatio = 10

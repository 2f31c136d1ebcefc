import { AppError } from '../../platform/errors.ts'

/** When a new price comes into force, and what present subscribers pay: 'keep' theirs, or the new one from a day on ('pay'). */
export const dayFields = ['from', 'subscribers', 'subscribers_from'] as const
type DayForm = Record<(typeof dayFields)[number], string>

/** Indian days ('2026-12-01'); null: at once, and present subscribers keep their price. */
export type ChosenDays = { from: string | null; subscribersFrom: string | null }

/** The days of a form. Throws AppError `invalid` with a sentence per field; whether they are too soon is the database's to say. */
export function chosenDays(form: DayForm): ChosenDays {
  const errors = dayErrors(form)
  if (Object.keys(errors).length > 0) throw new AppError('invalid', 'Please check the days.', { fields: errors })
  return { from: form.from || null, subscribersFrom: form.subscribers === 'pay' ? form.subscribers_from : null }
}

/** What is wrong with the days, as the fields' sentences. */
export function dayErrors({ from, subscribers, subscribers_from }: DayForm): Record<string, string> {
  return {
    ...(from === '' || isDay(from) ? {} : { from: 'Please enter a day, for example 2026-12-01, or leave it empty.' }),
    ...(subscribers !== 'pay' || isDay(subscribers_from)
      ? {}
      : { subscribers_from: 'Please enter the day from which they pay it, for example 2026-12-15.' }),
  }
}

function isDay(text: string): boolean {
  const at = /^20\d\d-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : null
  return at !== null && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

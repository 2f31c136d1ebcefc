import { AppError } from '../platform/errors.ts'
import type { Cursor } from './listing.ts'

/** The number of a row as it stands in an address. Throws AppError `not-found` for what is no such number. */
export function rowNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new AppError('not-found', 'There is nothing at this address.')
  return Number(text)
}

/** Where a ledger goes on whose rows are numbered as they come: below this number, or below none. Throws like `rowNumber`. */
export function below(after: Cursor | null): number {
  return after ? rowNumber(after.id) : Number.MAX_SAFE_INTEGER
}

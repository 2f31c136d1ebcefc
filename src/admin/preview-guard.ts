import { AppError } from '../platform/errors.ts'

/** A form that shows what happens first also sends the number in sight, `wanted`; `look` is the button that only shows. */
export const lookFields = ['wanted', 'look'] as const
export type Look = Record<(typeof lookFields)[number], string>

/**
 * The number that somebody sees must be the one that is done: `read` makes the same of both when they say the same.
 * Throws AppError `conflict` when the number was changed after what happens was shown.
 */
export function matchesPreview({ wanted }: Look, looked: string, read: (text: string) => number | null): void {
  if (wanted.trim() === '' || wanted.trim() === looked.trim()) return
  const number = read(wanted)
  if (number === null || number !== read(looked))
    throw new AppError('conflict', 'You changed the number. Nothing was done yet; look at what happens first.')
}

import { AppError } from '../platform/errors.ts'

/**
 * Fields of a form that shows what will happen before it is confirmed: `wanted` is the number in its visible field, `look`
 * the button that only shows a preview.
 */
export const previewFields = ['wanted', 'look'] as const
type PreviewForm = Record<(typeof previewFields)[number], string>

/**
 * The number in the visible field must be the one that was previewed; `read` parses both.
 * Throws AppError `conflict` when it was changed after the preview.
 */
export function requirePreviewed(
  { wanted }: PreviewForm,
  previewed: string,
  read: (text: string) => number | null,
): void {
  if (wanted.trim() === '' || wanted.trim() === previewed.trim()) return
  const number = read(wanted)
  if (number === null || number !== read(previewed))
    throw new AppError('conflict', 'You changed the number. Nothing was done yet; please check first what will happen.')
}

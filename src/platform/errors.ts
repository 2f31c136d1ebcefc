/** What went wrong, independent of HTTP; `web/errors.ts` maps each code to a status. */
export type ErrorCode = 'invalid' | 'unauthenticated' | 'forbidden' | 'not-found' | 'conflict' | 'busy' | 'unavailable'

/**
 * A foreseen failure. Its message is a sentence for the person it happens to, so it never holds a secret, or an id that is
 * not their own.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  /** Field name → sentence, when the failure is about particular fields of a form. */
  readonly fields: Record<string, string>
  /** Seconds after which trying again makes sense, for `busy` and `unavailable`. */
  readonly retryAfterS: number
  /** The page where the person can do something about it. */
  readonly act: { href: string; label: string } | undefined

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      fields?: Record<string, string>
      retryAfterS?: number
      act?: { href: string; label: string }
      cause?: unknown
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'AppError'
    this.code = code
    this.fields = more.fields ?? {}
    this.retryAfterS = more.retryAfterS ?? 5
    this.act = more.act
  }
}

/** The refusal of a form with a sentence for each wrong field, and where else to go if that helps. */
export function highlighted(fields: Record<string, string>, act?: AppError['act']): AppError {
  return new AppError('invalid', 'Please check the highlighted fields.', { fields, ...(act ? { act } : {}) })
}

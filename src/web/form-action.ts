import type { FastifyReply } from 'fastify'
import { AppError, type ErrorCode } from '../platform/errors.ts'
import { failureOf } from './errors.ts'
import { type FormState, formState } from './forms.ts'

/** Every refusal that a form can show, too many attempts included. */
export const anyRefusal = ['invalid', 'conflict', 'busy'] as const

/**
 * Runs a form's action; when it is refused, shows the form again with what was typed (never a password), a sentence per field,
 * and the refusal's status: 422 `invalid`, 409 `conflict`, 429 `busy`, 503 `unavailable`. `shown` are the codes that this form shows itself; any
 * other error is rethrown to the error page. Returns the result of `action` or `showAgain`.
 */
export async function formAction<Answer>(
  reply: FastifyReply,
  typed: Record<string, string>,
  action: () => Promise<Answer>,
  showAgain: (form: FormState, refusal: AppError) => Promise<Answer> | Answer,
  shown: readonly ErrorCode[] = ['invalid', 'conflict'],
): Promise<Answer> {
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof AppError) || !shown.includes(error.code)) throw error
    const { status, retryAfterS } = failureOf(error)
    if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
    reply.code(status)
    return showAgain({ ...formState(typed, error.fields, error.message), act: error.act }, error)
  }
}

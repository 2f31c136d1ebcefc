import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isDatabaseDown } from '../platform/db.ts'
import { AppError, type ErrorCode } from '../platform/errors.ts'

/** The one table from what went wrong to an HTTP status. */
export const statuses: Record<ErrorCode, number> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  busy: 429,
  unavailable: 503,
}

/** Codes of the statuses that the framework itself throws. */
const codes: Record<number, string> = { 404: 'not-found', 429: 'busy' }

const titles: Record<number, string> = {
  401: 'Please log in',
  403: 'Not allowed',
  404: 'Page not found',
  408: 'Too slow',
  413: 'Too large',
  422: 'Please check',
  429: 'Too many requests',
  431: 'Too many cookies',
  500: 'Something went wrong on our side',
  503: 'Not available for a moment',
}

/** What the frame shows of a person besides their name: a page about a failure asks the database nothing. */
const unasked = { subscription: null, underWay: null }

export type Failure = {
  status: number
  code: string
  message: string
  fields: Record<string, string>
  retryAfterS: number | null
}

declare module './views.ts' {
  interface Views {
    'shared/error': { status: number; errorTitle: string; sentence: string } & typeof unasked
    'shared/_notice': { kind: 'info' | 'good' | 'warn' | 'bad'; text: string } & Partial<typeof unasked>
  }
}

/** Any thrown thing as a status and a sentence for the person. What is not foreseen says nothing of its cause. */
export function failureOf(error: unknown): Failure {
  const plain = { fields: {}, retryAfterS: null }
  if (error instanceof AppError) {
    const status = statuses[error.code]
    const retryAfterS = status === 429 || status === 503 ? error.retryAfterS : null
    return { status, code: error.code, message: error.message, fields: error.fields, retryAfterS }
  }
  // Whoever hung up in the middle of a request hears nothing of it. Nothing failed, and it is no news for the log.
  if (isHungUp(error)) return { ...plain, status: 400, code: 'invalid', message: sentenceFor(400) }
  if (isDatabaseDown(error))
    return {
      ...plain,
      status: 503,
      code: 'unavailable',
      message: 'We cannot reach our records right now. Nothing was lost; please try again in a few seconds.',
      retryAfterS: 5,
    }
  const status = (error as FastifyError | null)?.statusCode
  if (status !== undefined && status >= 400 && status < 500)
    return { ...plain, status, code: codes[status] ?? 'invalid', message: sentenceFor(status) }
  if (status === 503)
    return {
      ...plain,
      status,
      code: 'unavailable',
      message: 'The site is restarting. Please try again in a few seconds.',
      retryAfterS: 5,
    }
  return {
    ...plain,
    status: 500,
    code: 'internal',
    message: 'This is our fault, not yours. Please try again; if it stays, write to us.',
  }
}

/** Node's error for a request whose sender was gone before its end; the database's own resets have other words. */
function isHungUp(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return code === 'ECONNRESET' && message === 'aborted'
}

/** Pages for people: failures and unknown addresses become a page, or a notice where htmx asked for a fragment. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler(async (error, request, reply) => {
    const failure = failureOf(error)
    if (failure.status >= 500) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    return showFailure(request, reply, failure)
  })
  app.setNotFoundHandler((request, reply) =>
    showFailure(request, reply, failureOf(new AppError('not-found', 'There is nothing at this address.'))),
  )
}

async function showFailure(request: FastifyRequest, reply: FastifyReply, failure: Failure): Promise<FastifyReply> {
  const { status, message } = failure
  if (failure.retryAfterS !== null) reply.header('retry-after', failure.retryAfterS)
  reply.code(status).header('cache-control', 'no-store')
  if (status === 401) return reply.leaveFor(`/login?next=${encodeURIComponent(wanted(request))}`)
  // What a handler had prepared for an answer that did not come, like the name of a file.
  reply.removeHeader('content-disposition')
  if (request.wantsFragment) return reply.page('shared/_notice', { kind: 'bad', text: message, ...unasked })
  const errorTitle = titles[status] ?? 'Please check'
  return reply.page('shared/error', { status, errorTitle, sentence: message, ...unasked })
}

/**
 * For all that no scope answers, and for the error page that fails itself: a page made of these words and nothing else.
 * Never JSON to a browser, and nothing of the cause.
 */
export function handleLastErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error)
    if (failure.status >= 500) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    return showPlainly(reply, failure)
  })
}

function showPlainly(reply: FastifyReply, { status, message, retryAfterS }: Failure): FastifyReply {
  if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(plainPage(status, message))
}

/** A page that needs nothing but these words: no style sheet, no session, no database. */
export function plainPage(status: number, message: string): string {
  const title = titles[status] ?? 'Please check'
  return (
    `<!doctype html><html lang="en-IN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${title}</title><main><h1>${title}</h1><p>${inHtml(message)}</p><p><a href="/">Go to the start page</a></p></main></html>`
  )
}

function inHtml(text: string): string {
  return text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

/** The page to come back to after logging in: what was asked for, or the page a fragment was asked for from. */
function wanted(request: FastifyRequest): string {
  const at = String(request.headers['hx-current-url'] ?? '')
  if (request.wantsFragment && URL.canParse(at)) {
    const { host, pathname, search } = new URL(at)
    return host === request.host ? pathname + search : '/dashboard'
  }
  return request.method === 'GET' && !request.wantsFragment ? request.url : '/dashboard'
}

/** What to tell a person of a status that the framework or the server itself answered. */
export function sentenceFor(status: number): string {
  if (status === 429) return 'That was a lot of requests in a short time. Please wait a little and try again.'
  if (status === 413) return 'What was sent is too large.'
  if (status === 404) return 'There is nothing at this address.'
  if (status === 408) return 'The request came too slowly, so it was not read to its end. Please try again.'
  if (status === 431)
    return 'Your browser sent more with this request than fits, most likely too many cookies. Delete those of this site and try again.'
  return 'The request could not be understood, or did not arrive whole. Nothing was changed.'
}

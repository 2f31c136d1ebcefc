import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isDatabaseDown } from '../platform/db.ts'
import { AppError, type ErrorCode } from '../platform/errors.ts'

/** HTTP status by error code. */
const statuses: Record<ErrorCode, number> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  busy: 429,
  unavailable: 503,
}

/** Codes for the statuses that the framework itself throws. */
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

/** Given to the layout so that an error page does not query the database for it. */
const noPersonalData = { subscription: null, underWay: null }

export type Failure = {
  status: number
  code: string
  message: string
  fields: Record<string, string>
  retryAfterS: number | null
  act?: AppError['act']
}

declare module './views.ts' {
  interface Views {
    'shared/error': {
      status: number
      errorTitle: string
      sentence: string
      act: AppError['act']
    } & typeof noPersonalData
    'shared/_notice': { kind: 'info' | 'good' | 'warn' | 'bad'; text: string } & Partial<typeof noPersonalData>
  }
}

/** Anything thrown, as a status and a sentence for the person. Unforeseen errors reveal nothing of their cause. */
export function failureOf(error: unknown): Failure {
  const plain = { fields: {}, retryAfterS: null }
  if (error instanceof AppError) {
    const status = statuses[error.code]
    const retryAfterS = status === 429 || status === 503 ? error.retryAfterS : null
    return { status, code: error.code, message: error.message, fields: error.fields, retryAfterS, act: error.act }
  }
  // The sender disconnected in the middle of the request: nobody reads the answer, and nothing failed that belongs in the log.
  if (isDisconnected(error)) return { ...plain, status: 400, code: 'invalid', message: sentenceFor(400) }
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

/** Node's error for a request whose sender disconnected before its end; resets by the database have other messages. */
function isDisconnected(error: unknown): boolean {
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
  if (status === 401) return reply.leaveFor(`/login?next=${encodeURIComponent(requestedPage(request))}`)
  // The handler may have set the file name of a download that failed.
  reply.removeHeader('content-disposition')
  if (request.wantsFragment) return reply.page('shared/_notice', { kind: 'bad', text: message, ...noPersonalData })
  const errorTitle = titles[status] ?? 'Please check'
  return reply.page('shared/error', { status, errorTitle, sentence: message, act: failure.act, ...noPersonalData })
}

/**
 * For errors outside every scope, and for an error page that fails itself: a plain page, never JSON, that reveals nothing of
 * the cause.
 */
export function handleRemainingErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error)
    if (failure.status >= 500) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    return sendPlainPage(reply, failure)
  })
}

function sendPlainPage(reply: FastifyReply, { status, message, retryAfterS }: Failure): FastifyReply {
  if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(plainPage(status, message))
}

/** A page that needs no style sheet, no session and no database. */
export function plainPage(status: number, message: string): string {
  const title = titles[status] ?? 'Please check'
  return (
    `<!doctype html><html lang="en-IN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${title}</title><main><h1>${title}</h1><p>${escapeHtml(message)}</p><p><a href="/">Go to the start page</a></p></main></html>`
  )
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

/** The page to return to after logging in: the requested one, or the one that requested a fragment. */
function requestedPage(request: FastifyRequest): string {
  const at = String(request.headers['hx-current-url'] ?? '')
  if (request.wantsFragment && URL.canParse(at)) {
    const { host, pathname, search } = new URL(at)
    return host === request.host ? pathname + search : '/dashboard'
  }
  return request.method === 'GET' && !request.wantsFragment ? request.url : '/dashboard'
}

/** The sentence for a status that the framework or the server itself answers. */
export function sentenceFor(status: number): string {
  if (status === 429) return 'Too many requests in a short time. Please wait a moment and try again.'
  if (status === 413) return 'The file or text is too large. Please send less.'
  if (status === 404) return 'There is nothing at this address.'
  if (status === 408) return 'The request came too slowly, so it was not read to its end. Please try again.'
  if (status === 431)
    return 'Your browser sent more with this request than fits, most likely too many cookies. Delete those of this site and try again.'
  return 'The request could not be understood, or did not arrive whole. Nothing was changed.'
}

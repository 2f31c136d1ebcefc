import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Actor, AuditContext } from '../../platform/audit-context.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { safeNext } from '../../web/forms.ts'
import { rememberBrowser } from '../known-browsers/known-browsers.ts'
import type { LoginAttempt } from '../login-throttle/login-throttle.ts'
import type { User } from '../users/queries.ts'
import { endSession, proveSession, type SignedIn, type Starter, sessionOf, startSession } from './sessions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is signed in, looked up once a request; undefined for visitors, and for admins before their second factor. */
    user: User | undefined
    /** The living session behind the cookie, second factor given or not. */
    signedIn: SignedIn | undefined
    /** True while a cookie names a session that was not looked up, for example because the database does not answer. */
    sessionUnread: boolean
    /** Whether this person's role may change things in the panel; the other administrators only read. */
    readonly mayAct: boolean
  }
}

/** Looks up the session and its account before a request is handled. A cookie without a living session signs nobody in. */
export const rememberedUser = fp<{ services: Services }>(
  async (app: FastifyInstance, { services }) => {
    app.decorateRequest('user', undefined)
    app.decorateRequest('signedIn', undefined)
    app.decorateRequest('sessionUnread', false)
    app.decorateRequest('mayAct', {
      getter(this: FastifyRequest) {
        return this.user?.role === 'admin'
      },
    })
    app.addHook('preValidation', async (request) => {
      const sid = request.session.get('sid')
      if (sid === undefined) return
      request.sessionUnread = true
      const session = await sessionOf(services.sql, sid)
      request.sessionUnread = false
      if (!session) return
      request.signedIn = { ...session, attempt: loginAttemptOf(services, request) }
      if (session.user.role === 'subscriber' || session.secondFactorAt) request.user = session.user
    })
  },
  { name: 'remembered-user' },
)

/** Only signed-in people get past; visitors are sent to log in (401 for JSON), and admins from there to their second factor. */
export async function requireUser(request: FastifyRequest): Promise<void> {
  if (request.user) return
  const missing = request.signedIn ? 'Please enter the code from your authenticator app.' : 'Please log in to continue.'
  throw new AppError('unauthenticated', missing)
}

/** Admins of both roles get past; visitors log in first, and to subscribers the address does not exist. */
export async function requireAdmin(request: FastifyRequest): Promise<void> {
  await requireUser(request)
  if (request.user!.role === 'subscriber') throw new AppError('not-found', 'There is nothing at this address.')
}

/** Only admins who may change things get past. */
export async function requireWriteAccess(request: FastifyRequest): Promise<void> {
  await requireAdmin(request)
  if (request.mayAct) return
  request.log.warn(
    { event: 'act refused', userId: request.user!.id, route: request.routeOptions.url },
    'an action was refused: the role may only read',
  )
  throw new AppError('forbidden', 'Your role can view everything here but change nothing.')
}

/**
 * Starts a new session for this account; one that the browser held before is ended, so nothing can be planted. An
 * administrator is not signed in by it: their second factor follows, at /login.
 */
export async function signIn(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  user: Pick<User, 'role'> & Starter,
): Promise<void> {
  const before = request.session.get('sid')
  if (before !== undefined) await endSession(services.sql, before)
  request.session.regenerate()
  request.session.set('sid', await startSession(services.sql, user, fromOf(request)))
  request.log.info({ event: 'password taken', userId: user.id, role: user.role }, 'password taken')
  if (user.role === 'subscriber') await rememberThisBrowser(services, request, reply, user.id)
}

/** The administrator of a half-open session gave their second factor: from now on they are signed in. */
export async function completeSignIn(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  { id }: User,
): Promise<void> {
  const sid = await proveSession(services.sql, request.session.get('sid') ?? '', fromOf(request), byOf(request, id))
  request.session.regenerate()
  request.session.set('sid', sid)
  request.log.info({ event: 'second factor taken', userId: id }, 'second factor taken')
  await rememberThisBrowser(services, request, reply, id)
}

/** Where somebody goes who has just signed in: the page they asked for, else their own front page. */
export function afterSignInPath(user: User, next: string): string {
  return safeNext(next, user.role === 'subscriber' ? '/dashboard' : '/admin')
}

/** From where a password is typed, for `tryPassword`; the route adds the account. */
export function loginAttemptOf(services: Services, request: FastifyRequest): Omit<LoginAttempt, 'account'> {
  return { address: request.ip, browser: browserIdIn(services, request) }
}

/** Who acts, and from where, for the audit. Only for requests of somebody signed in. */
export function actorOf(request: FastifyRequest): Actor {
  return byOf(request, request.user!.id)
}

/** From where a request comes, for the audit of an action that needs nobody signed in. */
export function auditContext(request: FastifyRequest): AuditContext {
  const { userAgent, address } = fromOf(request)
  return { address, userAgent: userAgent.slice(0, 200), requestId: request.id }
}

function byOf(request: FastifyRequest, userId: string): Actor {
  return { actor: `user:${userId}`, origin: auditContext(request) }
}

function fromOf(request: FastifyRequest) {
  return { userAgent: request.headers['user-agent'] ?? '', address: request.ip }
}

const year = 365 * 24 * 3600

async function rememberThisBrowser(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  userId: string,
): Promise<void> {
  const id = await rememberBrowser(services.sql, userId, browserIdIn(services, request))
  const { https } = services.config
  reply.setCookie(browserCookie(https), id, {
    path: '/',
    httpOnly: true,
    secure: https,
    sameSite: 'lax',
    maxAge: year,
  })
}

function browserIdIn({ config }: Services, request: FastifyRequest): string {
  const id = request.cookies[browserCookie(config.https)] ?? ''
  return /^[\w-]{43}$/.test(id) ? id : ''
}

function browserCookie(https: boolean): string {
  return https ? '__Host-device' : 'device'
}

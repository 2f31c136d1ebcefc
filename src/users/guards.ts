import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Deps } from '../deps.ts'
import { AppError } from '../platform/errors.ts'
import type { By } from '../platform/origin.ts'
import { endSession, type SignedIn, sessionOf, startSession, type User } from './users.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is signed in, looked up once a request; undefined for visitors, and for admins before their second factor. */
    user: User | undefined
    /** The living session behind the cookie, second factor given or not. */
    signedIn: SignedIn | undefined
  }
}

/** Looks up the session's account before anything is checked or handled. A cookie without a living row is nobody. */
export const rememberedUser = fp<{ deps: Deps }>(
  async (app: FastifyInstance, { deps }) => {
    app.decorateRequest('user', undefined)
    app.decorateRequest('signedIn', undefined)
    app.addHook('preValidation', async (request) => {
      const sid = request.session.get('sid')
      if (sid === undefined) return
      const session = await sessionOf(deps.sql, sid)
      request.signedIn = session
      if (session && (session.user.role === 'subscriber' || session.secondFactorAt)) request.user = session.user
    })
  },
  { name: 'remembered-user' },
)

/** The signed-in account; sends visitors to the log-in page (401 for JSON). */
export async function requireUser(request: FastifyRequest): Promise<void> {
  if (!request.user) throw new AppError('unauthenticated', 'Please log in to continue.')
}

/** Admins of both roles get past; visitors log in first, and to subscribers the address does not exist. */
export async function requireAdmin(request: FastifyRequest): Promise<void> {
  await requireUser(request)
  if (request.user!.role === 'subscriber') throw new AppError('not-found', 'There is nothing at this address.')
}

/** Only admins who may change things get past. */
export async function requireMoney(request: FastifyRequest): Promise<void> {
  await requireAdmin(request)
  if (request.user!.role !== 'admin')
    throw new AppError('forbidden', 'Your role may look at everything here and change nothing.')
}

/** Starts a new session for this account; one that the browser held before is ended, so nothing can be planted. */
export async function signIn(deps: Deps, request: FastifyRequest, userId: string): Promise<void> {
  const before = request.session.get('sid')
  if (before !== undefined) await endSession(deps.sql, before)
  request.session.regenerate()
  request.session.set(
    'sid',
    await startSession(deps.sql, userId, { userAgent: request.headers['user-agent'] ?? '', address: request.ip }),
  )
}

/** Who acts, and from where, for the audit. Only for requests of signed-in people. */
export function actingAs(request: FastifyRequest): By {
  const userAgent = (request.headers['user-agent'] ?? '').slice(0, 200)
  return {
    actor: `user:${request.user!.id}`,
    origin: { address: request.ip, userAgent, requestId: request.id },
  }
}

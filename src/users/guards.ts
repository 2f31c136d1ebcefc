import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Deps } from '../deps.ts'
import { AppError } from '../platform/errors.ts'
import { endSession, startSession, type User, userOfSession } from './users.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is signed in, looked up once a request; undefined for visitors. */
    user: User | undefined
  }
}

/** Looks up the session's account before anything is checked or handled. A cookie without a living row is nobody. */
export const rememberedUser = fp<{ deps: Deps }>(
  async (app: FastifyInstance, { deps }) => {
    app.decorateRequest('user', undefined)
    app.addHook('preValidation', async (request) => {
      const sid = request.session.get('sid')
      if (sid !== undefined) request.user = await userOfSession(deps.sql, sid)
    })
  },
  { name: 'remembered-user' },
)

/** The signed-in account; sends visitors to the log-in page (401 for JSON). */
export async function requireUser(request: FastifyRequest): Promise<void> {
  if (!request.user) throw new AppError('unauthenticated', 'Please log in to continue.')
}

/** Only admins get past; to everybody else the address does not exist. */
export async function requireAdmin(request: FastifyRequest): Promise<void> {
  if (request.user?.role !== 'admin') throw new AppError('not-found', 'There is nothing at this address.')
}

/** Starts a new session for this account; one that the browser held before is ended, so nothing can be planted. */
export async function signIn(deps: Deps, request: FastifyRequest, userId: string): Promise<void> {
  const before = request.session.get('sid')
  if (before !== undefined) await endSession(deps.sql, before)
  request.session.regenerate()
  request.session.set('sid', await startSession(deps.sql, userId, request.headers['user-agent'] ?? ''))
}

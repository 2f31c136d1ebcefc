import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import type { RateCounter } from '../../web/rate-limits.ts'
import { requireUser } from '../sessions/guards.ts'
import { keyOwnerOf } from './api-keys.ts'

/** Requests a minute with one key, or of one person who is signed in. */
export const requestsAMinute = 60

/**
 * Only people who are signed in get past, or scripts with a read-only key in `Authorization: Bearer …`. A key that is given
 * decides, whatever session came along. Each key has its own limit. Only for routes that change nothing.
 */
export function requireUserOrKey({ sql, config }: Services, count: RateCounter) {
  const most = Math.max(1, Math.floor(requestsAMinute * config.rateLimitScale))
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const key = keyIn(request)
    const who = key === null ? await signedInPerson(request) : await ownerOf(key, request, reply)
    const { isTooMany, endsInMs } = await count(`read ${who}`, most, 60_000)
    if (isTooMany)
      throw new AppError(
        'busy',
        `That was more than ${most} requests in a minute. Please wait as long as Retry-After says.`,
        { retryAfterS: Math.max(1, Math.ceil(endsInMs / 1_000)) },
      )
  }

  async function ownerOf(key: string, request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const owner = await keyOwnerOf(sql, key)
    if (!owner) {
      reply.header('www-authenticate', 'Bearer')
      throw new AppError('unauthenticated', 'This API key is not known. It may have been revoked.')
    }
    request.user = owner.user
    return `key ${owner.handle}`
  }
}

async function signedInPerson(request: FastifyRequest): Promise<string> {
  await requireUser(request)
  return `user ${request.user!.id}`
}

/** What stands after "Bearer"; null without such a header, be it because a proxy asks for a password of its own. */
function keyIn({ headers }: FastifyRequest): string | null {
  return /^Bearer +(\S.*)$/i.exec(headers.authorization ?? '')?.[1]?.trim() ?? null
}

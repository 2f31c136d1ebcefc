import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Config } from '../platform/config.ts'
import type { Log } from '../platform/log.ts'
import bodyTimeout, { maxBodyMs } from './body-timeout.ts'
import { keepClientAddresses } from './client-address.ts'
import { answerClientError } from './client-errors.ts'
import gracefulShutdown, { keepAliveMs } from './graceful-shutdown.ts'
import { requestLog } from './request-log.ts'
import { maxSegmentLength, rewriteUrl } from './rewrite-url.ts'

/** `isClosing`: true from the moment the process was asked to end. */
type Options = Pick<Config, 'trustProxy'> & { log: Log; isClosing: () => boolean }

/** The server with its limits of time and size, before any route. Does not listen. */
export async function buildServer({ log, trustProxy, isClosing }: Options): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: requestLog,
    genReqId: () => randomUUID(),
    trustProxy,
    bodyLimit: 64 * 1024,
    // Bodies have ten seconds, see below; a handler may allow more.
    requestTimeout: maxBodyMs,
    connectionTimeout: 15_000,
    keepAliveTimeout: keepAliveMs,
    // Requests over open connections are still served while closing: see graceful-shutdown.ts.
    return503OnClosing: false,
    http: { headersTimeout: 8_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 },
    rewriteUrl,
    clientErrorHandler: answerClientError,
    routerOptions: { maxParamLength: maxSegmentLength, ignoreTrailingSlash: true },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true, allErrors: false } },
  })
  keepClientAddresses(app.server)
  await app.register(gracefulShutdown, { isClosing })
  await app.register(bodyTimeout, { ms: 10_000 })
  return app
}

import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'

/** A file while it arrives. `isCut`, to be asked once it was read: it was larger than its route accepts, and was truncated. */
export type ArrivingFile = { filename: string | undefined; content: Readable; isCut: () => boolean }

/**
 * The files of a multipart request, one after the other; each must be read to its end before the next. What cannot be parsed or
 * arrives incomplete is the sender's error: thrown, here or by the content, with status code 400.
 */
export async function* arrivingFiles(request: FastifyRequest): AsyncGenerator<ArrivingFile> {
  try {
    for await (const { filename, file } of request.files())
      yield { filename, content: Readable.from(whole(file)), isCut: () => file.truncated }
  } catch (error) {
    throw asClientError(error as Error)
  }
}

async function* whole(file: Readable) {
  try {
    yield* file
  } catch (error) {
    throw asClientError(error as Error)
  }
}

/** The parser’s errors about limits have a status already, those about malformed input have none. */
function asClientError(error: Error & { statusCode?: number }): Error {
  error.statusCode ??= 400
  return error
}

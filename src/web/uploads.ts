import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'

/** A file as it arrives. `isCut`, once it was read: it was larger than its route takes, and the rest is gone. */
export type ArrivingFile = { filename: string | undefined; content: Readable; isCut: () => boolean }

/**
 * The files of a multipart request, one after the other; each must be read to its end before the next comes. What cannot
 * be parsed or does not arrive whole is the sender's fault: thrown, here or by the content, with status code 400.
 */
export async function* arrivingFiles(request: FastifyRequest): AsyncGenerator<ArrivingFile> {
  try {
    for await (const { filename, file } of request.files())
      yield { filename, content: Readable.from(whole(file)), isCut: () => file.truncated }
  } catch (error) {
    throw sendersFault(error as Error)
  }
}

async function* whole(file: Readable) {
  try {
    yield* file
  } catch (error) {
    throw sendersFault(error as Error)
  }
}

/** The parser’s own limits have a status already, its complaints about what was sent have none. */
function sendersFault(error: Error & { statusCode?: number }): Error {
  error.statusCode ??= 400
  return error
}

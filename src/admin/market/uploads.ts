import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { temporaryFolder } from '../../market/files/temporary-folder.ts'
import type { GivenFile } from '../../market/prices/imports/read-files.ts'
import { AppError } from '../../platform/errors.ts'

/** What may be sent at once: files, bytes of one of them, bytes of all together, and milliseconds for all to arrive. */
export const limits = { files: 60, fileBytes: 50_000_000, totalBytes: 250_000_000, ms: 15 * 60_000 } as const

/** A file as it arrives. `isCut`, once it was read: it was larger than `limits.fileBytes`. */
type Arriving = { filename: string | undefined; content: Readable; isCut: () => boolean }

/**
 * Stores files as they arrive, in a folder of their own that only we can read; memory does not grow with them. `remove`
 * takes the folder away; when this throws it is gone already. Throws AppError `invalid` about the field `files`.
 */
export async function storeUploads(
  arriving: AsyncIterable<Arriving>,
): Promise<{ files: GivenFile[]; remove: () => Promise<void> }> {
  const { folder, remove } = await temporaryFolder()
  try {
    const files = await storeIn(folder, arriving)
    if (files.length === 0) throw refusal('Choose one file or more.')
    return { files, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Turns the framework's refusal of one file too many into AppError `invalid` about the field `files`; throws anything else on. */
export function tooManyFiles(message: string, sentence: string): (error: unknown) => never {
  return (error) => {
    if ((error as { code?: string }).code !== 'FST_FILES_LIMIT') throw error
    throw new AppError('invalid', message, { fields: { files: sentence } })
  }
}

/** What is refused is still read to its end: a browser shows no answer before it has sent everything. */
async function storeIn(folder: string, arriving: AsyncIterable<Arriving>): Promise<GivenFile[]> {
  const files: GivenFile[] = []
  let total = 0
  let refused: AppError | undefined
  for await (const { filename, content, isCut } of arriving) {
    const name = nameOf(filename)
    if (name === '' || refused) {
      await finished(content.resume())
      continue
    }
    const path = join(folder, String(files.length))
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        total += chunk.length
        done(null, total > limits.totalBytes ? Buffer.alloc(0) : chunk)
      },
    })
    await pipeline(content, counted, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    if (isCut()) refused = refusal(`${name} is larger than 50 MB. Please split it, or zip it.`)
    else if (total > limits.totalBytes)
      refused = refusal('These files are more than 250 MB together. Please send fewer at once.')
    files.push({ path, name })
  }
  if (refused) throw refused
  return files
}

function refusal(sentence: string): AppError {
  return new AppError('invalid', 'Nothing was imported.', { fields: { files: sentence } })
}

/** The last part of what the browser calls the file, in plain letters. */
function nameOf(filename = ''): string {
  const last = filename.split(/[/\\]/).at(-1) ?? ''
  return last
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(-150)
    .toWellFormed()
}

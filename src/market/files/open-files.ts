import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { crc32, inflateRawSync } from 'node:zlib'
import { type Entry, fromBufferPromise, openPromise, type ZipFile } from 'yauzl'
import { otherThanZip, workbook } from './text.ts'
import { Unreadable } from './unreadable.ts'

/**
 * A file that can be read now, or (without `chunks`) the reason why it or the zip around it cannot. `file` is its name for
 * people. Reading the chunks throws Unreadable where they cannot be unpacked.
 */
export type Opened = { file: string; chunks: AsyncIterable<Buffer> } | { file: string; chunks: null; sentence: string }

const mb = 1024 * 1024
const largest = 512 * mb
/** Of a zip with the zips in it, unpacked: bytes and files. Ten years of an exchange's daily files are half of either. */
const mostUnpacked = 2 * 1024 * mb
const mostFiles = 5_000
/** A zip inside a zip is unpacked into memory. */
const largestInnerZip = 64 * mb
const longestName = 100
/** A file up to this size is unpacked in one go: several times as fast as a stream, and over before anybody waits for it. */
const atOnce = 2 * mb

/**
 * Opens a file, or one after another the files of prices in a zip and in the zips in it; each is closed when the next one is
 * asked for. `name` is the file's name as its sender called it. Never throws for what is in the file.
 */
export async function* openFiles(path: string, name: string): AsyncGenerator<Opened> {
  if (!/\.zip$/i.test(name)) return yield { file: name, chunks: bytesOf(path) }
  const zip = await openPromise(path).catch(() => null)
  if (zip) yield* filesIn(zip, name, { files: 0, unpacked: 0 })
  else yield refused(name, otherThanZip(await beginningOf(path)) ?? damaged)
}

/** What was taken out of a zip and the zips in it so far. */
type Taken = { files: number; unpacked: number }

async function* filesIn(zip: ZipFile, name: string, taken: Taken, isInner = false): AsyncGenerator<Opened> {
  if (zip.entryCount > mostFiles) {
    zip.close()
    return yield refused(name, tooMuch)
  }
  let found = 0
  let isWorkbook = false
  try {
    for await (const entry of zip.eachEntry()) {
      isWorkbook ||= entry.fileName === '[Content_Types].xml'
      if (!isWanted(entry)) continue
      found++
      taken.files++
      taken.unpacked += entry.uncompressedSize
      if (taken.files > mostFiles || taken.unpacked > mostUnpacked) return yield refused(name, tooMuch)
      const file = `${name} › ${nameOf(entry)}`
      if (/\.zip$/i.test(file)) yield* isInner ? [refused(file, tooDeep)] : innerZip(zip, entry, file, taken)
      else if (entry.uncompressedSize > largest) yield refused(file, tooLarge('512 MB unpacked. Please split it.'))
      else yield { file, chunks: unpacked(zip, entry) }
    }
    if (found === 0) yield refused(name, isWorkbook ? workbook : 'There is no CSV file in this zip.')
  } catch {
    yield refused(name, damaged)
  }
}

/** A file's own name, without what no database keeps; a zip may give it 64 KB. */
function nameOf({ fileName }: Entry): string {
  return basename(fileName)
    .replace(/\p{Cc}/gu, '')
    .slice(-longestName)
    .toWellFormed()
}

async function* innerZip(zip: ZipFile, entry: Entry, file: string, taken: Taken): AsyncGenerator<Opened> {
  if (entry.uncompressedSize > largestInnerZip)
    return yield refused(file, tooLarge('64 MB. Take it out of the zip around it and import it by itself.'))
  const inner = await Array.fromAsync(unpacked(zip, entry))
    .then((chunks) => fromBufferPromise(Buffer.concat(chunks)))
    .catch((error) => (error instanceof Unreadable ? error.message : damaged))
  if (typeof inner === 'string') return yield refused(file, inner)
  yield* filesIn(inner, file, taken, true)
}

/** Files that may hold prices, in a form that is read or in one that can be said to be another; not a zip's readme or pictures. */
function isWanted({ fileName }: Entry): boolean {
  const isHidden = fileName.startsWith('__MACOSX') || basename(fileName).startsWith('.')
  return !isHidden && /\.(csv|txt|zip|xlsx?|gz)$/i.test(fileName)
}

/** A file out of a zip, checked against the zip's checksum. Throws Unreadable. */
async function* unpacked(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  if (entry.isEncrypted()) throw new Unreadable('This file is locked with a password. Please take the password off.')
  try {
    let sum = 0
    const isSmall = Math.max(entry.compressedSize, entry.uncompressedSize) <= atOnce
    const chunks = isSmall ? [await inflated(zip, entry)] : await zip.openReadStreamPromise(entry)
    for await (const chunk of chunks as AsyncIterable<Buffer> | Buffer[]) {
      sum = crc32(chunk, sum)
      yield chunk
    }
    if (sum !== entry.crc32) throw new Error('checksum')
  } catch {
    throw new Unreadable('This file cannot be unpacked: it is damaged, or packed in a way that is not read here.')
  }
}

async function inflated(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const raw = await zip.openReadStreamPromise(entry, { decodeFileData: false })
  const packed = Buffer.concat(await Array.fromAsync(raw as AsyncIterable<Buffer>))
  if (entry.compressionMethod === 0) return packed
  if (entry.compressionMethod !== 8) throw new Error('method')
  // At least zlib's smallest: for a file of no bytes too.
  const size = Math.max(64, entry.uncompressedSize)
  return inflateRawSync(packed, { chunkSize: size, maxOutputLength: size })
}

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  yield* createReadStream(path, { highWaterMark: mb / 4 }) as AsyncIterable<Buffer>
}

async function beginningOf(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1_024), 0, 1_024, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

const damaged = 'This zip cannot be unpacked: it is damaged or was not downloaded to its end.'
const tooMuch = 'This zip holds more than 5,000 files or 2 GB unpacked, so nothing more of it is read. Please split it.'
const tooDeep = 'This is a zip in a zip in a zip. Take it out and import it by itself.'
const tooLarge = (rest: string) => `This file is larger than ${rest}`

function refused(file: string, sentence: string): Opened {
  return { file, chunks: null, sentence }
}

import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { openPromise } from 'yauzl'

/** A CSV file that can be read now, or (without `source`) the reason why it or the zip around it cannot. `file` is its name for people. */
export type Opened = { file: string; source: Readable } | { file: string; source: null; sentence: string }

/** One row of a CSV file, and the line of the file on which it ends. */
export type Row = { record: string[]; info: { lines: number } }

/** What is wrong with a file; `line` null when it is about the file as a whole. */
export type Problem = { file: string; line: number | null; sentence: string }

const largest = 512 * 1024 * 1024
/** Of a zip: all its files unpacked, and how many there may be. Ten years of an exchange's daily files are half of either. */
const mostUnpacked = 2 * 1024 * 1024 * 1024
const mostFiles = 5_000

/**
 * Opens a CSV file, or one after another every CSV file in a zip; each is closed when the next one is asked for. `name`
 * is the file's name as its sender called it. Never throws for what is in the file.
 */
export async function* openFiles(path: string, name: string): AsyncGenerator<Opened> {
  if (!/\.zip$/i.test(name)) return yield* closing(name, createReadStream(path))
  try {
    const zip = await openPromise(path)
    let files = 0
    let unpacked = 0
    if (zip.entryCount > mostFiles) return yield refused(name, tooMuch)
    for await (const entry of zip.eachEntry()) {
      if (!/\.csv$/i.test(entry.fileName) || entry.fileName.startsWith('__MACOSX')) continue
      files++
      unpacked += entry.uncompressedSize
      if (unpacked > mostUnpacked) return yield refused(name, tooMuch)
      const file = `${name} › ${basename(entry.fileName)}`
      if (entry.uncompressedSize > largest)
        yield refused(file, 'This file is larger than 512 MB unpacked. Please split it.')
      else yield* closing(file, await zip.openReadStreamPromise(entry))
    }
    if (files === 0) yield refused(name, 'There is no CSV file in this zip.')
  } catch {
    yield refused(name, 'This zip cannot be unpacked: it is damaged or was not downloaded to its end.')
  }
}

/** The rows of a CSV file, header first, cells trimmed. Throws, with the line in `lines`, where it is not CSV. */
export function rowsOf(source: Readable): AsyncIterable<Row> {
  const rows = source.pipe(
    parse({
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      info: true,
      max_record_size: 64 * 1024,
    }),
  )
  source.on('error', (error) => rows.destroy(error))
  return rows as AsyncIterable<Row>
}

/** Header cells as they are compared: without a byte-order mark, spaces and case. */
export function normalised(header: readonly string[]): string[] {
  return header.map((cell) =>
    cell
      .replace(/^\uFEFF/, '')
      .trim()
      .toUpperCase(),
  )
}

/** The problem with a file at the line where it stopped being CSV, of the error that `rowsOf` threw. */
export function csvProblem(error: unknown): { line: number | null; sentence: string } {
  const sentence = 'From here on this is not a CSV file: a quote is not closed, or it is something else.'
  return { line: (error as { lines?: number }).lines ?? null, sentence }
}

/** The sentence about a header that is a web page's; undefined for any other. */
export function webPage(header: readonly string[]): string | undefined {
  return header[0]?.startsWith('<!') || header[0]?.startsWith('<HTML')
    ? 'This is a web page that was saved under the name of a CSV file. Please download the file again.'
    : undefined
}

function* closing(file: string, source: Readable): Generator<Opened> {
  try {
    yield { file, source }
  } finally {
    source.destroy()
  }
}

const tooMuch = 'This zip holds more than 5,000 files or 2 GB unpacked, so nothing more of it is read. Please split it.'

function refused(file: string, sentence: string): Opened {
  return { file, source: null, sentence }
}

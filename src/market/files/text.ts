import { TextDecoder } from 'node:util'
import { Unreadable } from './unreadable.ts'

/** What other files begin with, and what they are. A zip and an Excel workbook begin alike. */
const signatures: readonly [bytes: string, what: string][] = [
  ['\x1F\x8B', 'This is a gzip archive under another name. Unpack it and import the CSV file in it.'],
  ['%PDF', 'This is a PDF document, not a CSV file. Please download the prices as CSV.'],
  ['\xD0\xCF\x11\xE0', 'This is an Excel workbook of the old kind (.xls). Open it and save it as CSV.'],
  ['7z\xBC\xAF', 'This is a 7-Zip archive. Unpack it and import the CSV file in it.'],
  ['Rar!', 'This is a RAR archive. Unpack it and import the CSV file in it.'],
]
export const workbook = 'This is an Excel workbook. Open it and save it as CSV (“CSV UTF-8”).'

/** What a file called .zip is that is none, in a sentence: a web page, or another archive. Undefined where that is not known. */
export function otherThanZip(head: Buffer): string | undefined {
  return (
    webPage(head.toString('latin1')) ?? (head.toString('latin1').startsWith('PK') ? undefined : otherThanText(head))
  )
}

/** Enough of a file to see what it is. */
const enough = 1_024

/**
 * A file's text in pieces, without a byte-order mark: UTF-8, or UTF-16 of either order with or without its mark.
 * Throws Unreadable for a file that is something else.
 */
export async function* textOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let head: Buffer | null = Buffer.alloc(0)
  let decoder: TextDecoder | undefined
  for await (const chunk of chunks) {
    if (!decoder) {
      head = head!.length === 0 ? chunk : Buffer.concat([head!, chunk])
      if (head.length < enough) continue
      decoder = decoderOf(head)
      yield notWebPage(decode(decoder, head))
      head = null
    } else yield decode(decoder, chunk)
  }
  // `head` is left where the whole file is shorter than what is looked at.
  decoder ??= decoderOf(head!)
  const last = (head ? notWebPage(decode(decoder, head)) : '') + decode(decoder)
  if (last !== '') yield last
}

/** What a file is that begins as no text does, in a sentence; undefined for any other. */
function otherThanText(head: Buffer): string | undefined {
  const begins = head.subarray(0, 8).toString('latin1')
  if (begins.startsWith('PK\x03\x04'))
    return head.includes('[Content_Types].xml') || head.includes('xl/')
      ? workbook
      : 'This is a zip archive or an Excel workbook under another name. Call a zip .zip; save a workbook as CSV.'
  return signatures.find(([bytes]) => begins.startsWith(bytes))?.[1]
}

function webPage(text: string): string | undefined {
  return /^\W*<(!doctype|html|head|body|\?xml)\b/i.test(text.slice(0, enough))
    ? 'This is a web page that was saved under the name of a CSV file. Please download the file again.'
    : undefined
}

function notWebPage(text: string): string {
  const sentence = webPage(text)
  if (sentence) throw new Unreadable(sentence)
  return text
}

function decoderOf(head: Buffer): TextDecoder {
  const other = otherThanText(head)
  if (other) throw new Unreadable(other)
  const encoding = encodingOf(head)
  return new TextDecoder(encoding, { fatal: encoding !== 'utf-8' })
}

/** By the mark, or by where the zero bytes are: in UTF-16 every other byte of plain letters is one. */
function encodingOf(head: Buffer): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  const pairs = Math.min(head.length, enough) >> 1
  const zeros = [0, 0]
  for (let at = 0; at < 2 * pairs; at++) if (head[at] === 0) zeros[at % 2]!++
  if (zeros[1]! > 0.8 * pairs && zeros[0]! < 0.05 * pairs) return 'utf-16le'
  if (zeros[0]! > 0.8 * pairs && zeros[1]! < 0.05 * pairs) return 'utf-16be'
  return 'utf-8'
}

function decode(decoder: TextDecoder, bytes?: Buffer): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch {
    throw new Unreadable('This is not text: it begins like UTF-16 and does not go on so. Please save it as CSV again.')
  }
}

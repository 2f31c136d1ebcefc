import { inflateSync } from 'node:zlib'

/** The text of a PDF as written by pdfkit, line by line: enough of the format to read what a person would. */
export function textOfPdf(pdf: Buffer): string {
  const objects = new Map<string, string>()
  for (const [, number, body] of pdf.toString('latin1').matchAll(/(\d+) 0 obj\n([\s\S]*?)\nendobj/g))
    objects.set(number!, body!)
  const streamOf = (number: string) => {
    const [, content] = /stream\n([\s\S]*?)\nendstream/.exec(objects.get(number) ?? '') ?? []
    const isPacked = objects.get(number)?.includes('/FlateDecode')
    return content === undefined || !isPacked ? '' : inflateSync(Buffer.from(content, 'latin1')).toString('latin1')
  }
  const fonts = new Map<string, string[]>()
  for (const body of objects.values())
    for (const [, name, number] of body.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
      const unicode = /\/ToUnicode (\d+) 0 R/.exec(objects.get(number!) ?? '')?.[1]
      if (unicode) fonts.set(name!, charactersIn(streamOf(unicode)))
    }
  const lines: string[] = []
  for (const number of objects.keys()) {
    const content = streamOf(number)
    if (!content.includes('BT')) continue
    let font: string[] = []
    // A line of the page is what stands between q and Q; a span may say what its glyphs read.
    for (const [line] of content.matchAll(/^q\n[\s\S]*?^Q$/gm)) {
      let text = ''
      let inSpan = false
      for (const [token, name, run, actual] of line.matchAll(
        /\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ|\/ActualText \(((?:\\[\s\S]|[^\\)])*)\)|EMC/g,
      )) {
        if (name) font = fonts.get(name) ?? []
        else if (actual !== undefined) text += spelt(actual)
        else if (run !== undefined && !inSpan)
          text += [...run.matchAll(/<([0-9a-f]+)>/g)].map(([, hex]) => decoded(hex!, font)).join('')
        inSpan = actual !== undefined || (inSpan && token !== 'EMC')
      }
      if (text) lines.push(text)
    }
  }
  return lines.join('\n')
}

/** A string of a PDF: UTF-16 behind its mark, with some bytes escaped. */
function spelt(text: string): string {
  const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }
  const bytes = Buffer.from(
    text.replace(/\\([\s\S])/g, (_, sign) => escapes[sign] ?? sign),
    'latin1',
  )
  return bytes[0] === 0xfe ? bytes.subarray(2).swap16().toString('utf16le') : bytes.toString('latin1')
}

function charactersIn(cmap: string): string[] {
  const characters: string[] = []
  for (const [, from, list] of cmap.matchAll(/<([0-9a-f]+)> <[0-9a-f]+> \[([^\]]*)\]/g))
    [...list!.matchAll(/<([0-9a-f ]*)>/g)].forEach(([, hex], index) => {
      characters[Number.parseInt(from!, 16) + index] = Buffer.from(hex!.replaceAll(' ', ''), 'hex')
        .swap16()
        .toString('utf16le')
    })
  return characters
}

function decoded(hex: string, font: string[]): string {
  const read = (hex.match(/.{4}/g) ?? []).map((glyph) => font[Number.parseInt(glyph, 16)] ?? '?')
  // What a glyph reads that belongs to the one before it: an invisible sign.
  return read.join('').replaceAll('\u2060', '')
}

/** The drawing operators of all pages. */
export function drawingsOf(pdf: Buffer): string {
  return [...pdf.toString('latin1').matchAll(/stream\n([\s\S]*?)\nendstream/g)]
    .map(([, content]) => {
      try {
        return inflateSync(Buffer.from(content!, 'latin1')).toString('latin1')
      } catch {
        // Metadata is not compressed.
        return ''
      }
    })
    .filter((content) => content.includes(' TJ'))
    .join('\n')
}

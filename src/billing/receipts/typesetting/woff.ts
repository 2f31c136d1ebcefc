import { inflateSync } from 'node:zlib'

const headerBytes = 44
const entryBytes = 20

/** A WOFF file as the TrueType font that is packed in it (W3C "WOFF File Format 1.0"). Throws for any other file. */
export function fontInWoff(woff: Buffer): Buffer {
  if (woff.toString('latin1', 0, 4) !== 'wOFF') throw new Error('not a WOFF file')
  const count = woff.readUInt16BE(12)
  const tables = Array.from({ length: count }, (_, i) => {
    const at = headerBytes + i * entryBytes
    const [start, packed, length] = [woff.readUInt32BE(at + 4), woff.readUInt32BE(at + 8), woff.readUInt32BE(at + 12)]
    const bytes = woff.subarray(start, start + packed)
    return {
      tag: woff.subarray(at, at + 4),
      checksum: woff.readUInt32BE(at + 16),
      bytes: packed < length ? inflateSync(bytes) : bytes,
    }
  })
  return Buffer.concat([
    offsetTable(woff.readUInt32BE(4), count),
    directory(tables),
    ...tables.map(({ bytes }) => padded(bytes)),
  ])
}

/** The first twelve bytes; the three numbers after the count are for a binary search that no reader does any more. */
function offsetTable(flavour: number, count: number): Buffer {
  const head = Buffer.alloc(12)
  const power = Math.floor(Math.log2(count))
  head.writeUInt32BE(flavour, 0)
  head.writeUInt16BE(count, 4)
  head.writeUInt16BE(16 * 2 ** power, 6)
  head.writeUInt16BE(power, 8)
  head.writeUInt16BE(16 * (count - 2 ** power), 10)
  return head
}

function directory(tables: { tag: Buffer; checksum: number; bytes: Buffer }[]): Buffer {
  const entries = Buffer.alloc(16 * tables.length)
  let offset = 12 + entries.length
  for (const [i, { tag, checksum, bytes }] of tables.entries()) {
    tag.copy(entries, 16 * i)
    entries.writeUInt32BE(checksum, 16 * i + 4)
    entries.writeUInt32BE(offset, 16 * i + 8)
    entries.writeUInt32BE(bytes.length, 16 * i + 12)
    offset += padded(bytes).length
  }
  return entries
}

function padded(bytes: Buffer): Buffer {
  return bytes.length % 4 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - (bytes.length % 4))])
}

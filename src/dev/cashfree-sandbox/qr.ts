import { crc32, deflateSync } from 'node:zlib'
import QRCode from 'qrcode'

const SCALE = 6
const QUIET_MODULES = 4

/**
 * A QR code as a `data:image/png` address, which is how Order Pay hands it out.
 * Drawn here because the library makes PNGs only asynchronously, and API calls must not interleave.
 */
export function qrPng(text: string): string {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M' })
  const side = (modules.size + 2 * QUIET_MODULES) * SCALE
  const rows = Buffer.alloc((side + 1) * side, 0xff)
  for (let y = 0; y < side; y++) {
    const row = y * (side + 1)
    rows[row] = 0 // filter type of the line
    for (let x = 0; x < side; x++) {
      const [mx, my] = [Math.floor(x / SCALE) - QUIET_MODULES, Math.floor(y / SCALE) - QUIET_MODULES]
      const inside = mx >= 0 && my >= 0 && mx < modules.size && my < modules.size
      if (inside && modules.get(my, mx)) rows[row + 1 + x] = 0
    }
  }
  return `data:image/png;base64,${png(side, rows).toString('base64')}`
}

/** Eight-bit grey, no interlace. */
function png(side: number, rows: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([8, 0, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  framed.set(body, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}

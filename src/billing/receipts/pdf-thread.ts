import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import type { ReceiptPdf } from './pdf.ts'
import type { Receipt } from './receipts.ts'

// As in main.ts: what Node made of our TypeScript is kept, and must be before anything else is loaded.
enableCompileCache(join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'compiled'))
const { receiptPdf } = await import('./pdf.ts')

/** What a thread does: one receipt in, its PDF out. */
export default function print(receipt: Receipt): Promise<ReceiptPdf> {
  return receiptPdf(receipt)
}

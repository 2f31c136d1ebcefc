import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import type { Log } from '../../platform/log.ts'
import { threadPool } from '../../platform/thread-pool.ts'
import type { Paper } from './paper.ts'
import type { PaperPdf } from './pdf.ts'

/**
 * A second or two of work may wait; requests after that are refused with 503. A mail that begins late in its round and
 * waits so long for its PDF is still handed over within its lease (mails.ts).
 */
const pool = threadPool<Paper, PaperPdf>({
  name: 'receipt-pdf',
  file: join(import.meta.dirname, 'pdf-thread.ts'),
  longestQueue: 100,
  limitMs: 8_000,
})

/** The newest PDFs by what is printed on them, less than 1 MB: many readers of one paper are one piece of work. */
const kept = new LRUCache<string, Promise<Buffer>>({ max: 25 })

/**
 * A paper as PDF, made in a thread of its own: the same as before as long as nothing on it changed. Throws AppError
 * `unavailable` when too many are waiting; for a `patient` caller that is a job, only when it takes too long.
 */
export async function printed(paper: Paper, log: Log, how = { patient: false }): Promise<Buffer> {
  const key = JSON.stringify(paper)
  const known = kept.get(key)
  if (known) return known
  const printing = print(paper, log, how)
  kept.set(key, printing)
  printing.catch(() => kept.delete(key))
  return printing
}

async function print(paper: Paper, log: Log, how: { patient: boolean }): Promise<Buffer> {
  const { pdf, fallback } = await pool.run(paper, how)
  if (fallback !== null)
    log.error(
      { event: 'paper set plainly', paper: paper.number, reason: fallback },
      'a paper could not be set in its own script',
    )
  // A copy: what comes from a thread lies in a piece of its memory, 64 KB, that would be kept whole.
  return Buffer.from(pdf.slice().buffer)
}

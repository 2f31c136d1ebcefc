import { randomBytes } from 'node:crypto'
import { type CaughtMail, type FileInMail, filesIn, readMail } from './mail.ts'
import type { RawMails } from './raw-mails.ts'

const KEPT = 500
// Milliseconds since 1970, so that names sort by time of arrival, and some chance, so that they cannot be guessed.
const ID = /^\d{13}-[0-9a-f]{8}$/

export interface Store {
  add(raw: Buffer): Promise<CaughtMail>
  /** Newest first; with `to`, only those that went to a recipient holding these letters. */
  list(filter?: { to?: string }): Promise<CaughtMail[]>
  find(id: string): Promise<CaughtMail | null>
  source(id: string): Promise<Buffer | null>
  files(id: string): Promise<FileInMail[]>
  clear(): Promise<void>
}

/** The mails that were caught; the last five hundred are kept. */
export function createStore(shelf: RawMails): Store {
  const known = new Map<string, CaughtMail>()
  let last = 0

  async function idsNewestFirst(): Promise<string[]> {
    return (await shelf.ids())
      .filter((id) => ID.test(id))
      .sort()
      .reverse()
  }

  async function drop(ids: string[]): Promise<void> {
    for (const id of ids) {
      await shelf.remove(id)
      known.delete(id)
    }
  }

  async function find(id: string): Promise<CaughtMail | null> {
    const raw = known.has(id) ? null : await source(id)
    if (raw) known.set(id, await readMail(id, raw))
    return known.get(id) ?? null
  }

  async function source(id: string): Promise<Buffer | null> {
    return ID.test(id) ? shelf.get(id) : null
  }

  return {
    find,
    source,
    add: async (raw) => {
      last = Math.max(Date.now(), last + 1) // two mails of one millisecond keep their order
      const id = `${last}-${randomBytes(4).toString('hex')}`
      await shelf.put(id, raw)
      await drop((await idsNewestFirst()).slice(KEPT))
      return (await find(id))!
    },
    list: async ({ to = '' } = {}) => {
      const mails = await Promise.all((await idsNewestFirst()).map(find))
      const wanted = to.trim().toLowerCase()
      return mails.filter((mail) => mail !== null).filter((mail) => !wanted || wentTo(mail, wanted))
    },
    files: async (id) => {
      const raw = await source(id)
      return raw ? filesIn(raw) : []
    },
    clear: async () => drop(await idsNewestFirst()),
  }
}

function wentTo(mail: CaughtMail, wanted: string): boolean {
  const named = [...mail.to, ...mail.cc].flatMap(({ name, address }) => [name, address])
  return [...named, ...mail.recipients].some((text) => text.toLowerCase().includes(wanted))
}

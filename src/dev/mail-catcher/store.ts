import { randomBytes } from 'node:crypto'
import { type CaughtMail, filesIn, type MailFile, readMail } from './mail.ts'
import type { RawMails } from './raw-mails.ts'

const MAX_MAILS = 500
// Milliseconds since 1970, so that ids sort by time of arrival, and random digits, so that they cannot be guessed.
const ID = /^\d{13}-[0-9a-f]{8}$/

export interface Store {
  add(raw: Buffer): Promise<CaughtMail>
  /** Newest first; with `to`, only those with a recipient whose name or address contains it. */
  list(filter?: { to?: string }): Promise<CaughtMail[]>
  find(id: string): Promise<CaughtMail | null>
  source(id: string): Promise<Buffer | null>
  files(id: string): Promise<MailFile[]>
  clear(): Promise<void>
}

/** The last 500 mails that were caught. */
export function createStore(rawMails: RawMails): Store {
  const parsed = new Map<string, CaughtMail>()
  let last = 0

  async function idsNewestFirst(): Promise<string[]> {
    return (await rawMails.ids())
      .filter((id) => ID.test(id))
      .sort()
      .reverse()
  }

  async function drop(ids: string[]): Promise<void> {
    for (const id of ids) {
      await rawMails.remove(id)
      parsed.delete(id)
    }
  }

  async function find(id: string): Promise<CaughtMail | null> {
    const raw = parsed.has(id) ? null : await source(id)
    if (raw) parsed.set(id, await readMail(id, raw))
    return parsed.get(id) ?? null
  }

  async function source(id: string): Promise<Buffer | null> {
    return ID.test(id) ? rawMails.get(id) : null
  }

  return {
    find,
    source,
    add: async (raw) => {
      last = Math.max(Date.now(), last + 1) // two mails of one millisecond stay in order
      const id = `${last}-${randomBytes(4).toString('hex')}`
      await rawMails.put(id, raw)
      await drop((await idsNewestFirst()).slice(MAX_MAILS))
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

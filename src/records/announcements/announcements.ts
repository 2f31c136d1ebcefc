import { setTimeout as pause } from 'node:timers/promises'
import type { Actor } from '../../platform/audit-context.ts'
import { midnightInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError, highlighted } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { type Announcement, insertAnnouncement, listRunning, type NewAnnouncement } from './queries.ts'

/** How long a process shows what it knows, in milliseconds. Cached pages add their own 5 seconds. */
const keepMs = 2_000
/** The longest that pages wait for an answer, in milliseconds: a page that waited for its own queries in vain waits no second time. */
const waitMs = 300

/**
 * The announcements to be seen now, asked for at most every two seconds by this process, however many pages are shown. While
 * the database does not answer, those that were known before, after a third of a second at most.
 */
export function runningAnnouncements(sql: Sql): () => Promise<readonly Announcement[]> {
  let known: readonly Announcement[] = []
  let until = 0
  let asking: Promise<void> | undefined
  const ask = async () => {
    try {
      known = await listRunning(sql)
    } catch {
      // A page is complete without; the error is logged where the page's own queries meet it.
    } finally {
      until = Date.now() + keepMs
      asking = undefined
    }
  }
  return async () => {
    if (until <= Date.now()) {
      asking ??= Promise.race([ask(), pause(waitMs, undefined, { ref: false })])
      await asking
    }
    return known
  }
}

/** The fields of the form that makes an announcement; `from` and `until` are Indian days, both included. */
export const announcementFields = ['text', 'link', 'link_text', 'audience', 'from', 'until', 'key'] as const

/** Makes an announcement of a form. Throws AppError `invalid` with a sentence per field. */
export async function createAnnouncement(
  sql: Sql,
  form: Record<(typeof announcementFields)[number], string>,
  by: Actor,
): Promise<void> {
  await insertAnnouncement(sql, readAnnouncement(form), by)
}

function readAnnouncement(form: Record<(typeof announcementFields)[number], string>): NewAnnouncement {
  const text = form.text.replace(/\s+/g, ' ').trim()
  const link = form.link.trim()
  const linkText = form.link_text.replace(/\s+/g, ' ').trim()
  const audience = form.audience === 'everyone' || form.audience === 'subscribers' ? form.audience : null
  const startsAt = midnightInIndia(form.from.trim())
  const lastDay = midnightInIndia(form.until.trim())
  const endsAt = lastDay && new Date(lastDay.getTime() + 86_400_000)
  const fields = {
    ...(text === '' ? { text: 'Please write what to announce.' } : {}),
    ...(text.length > 200 ? { text: 'At most 200 characters: it is one line.' } : {}),
    ...(link !== '' && !isOwnPage(link)
      ? { link: 'Please enter a page of this site, beginning with /, like /methodology.' }
      : {}),
    ...(linkText.length > 40 ? { link_text: 'At most 40 characters.' } : {}),
    ...(link === '' && linkText !== '' ? { link: 'Please enter the page that these words lead to.' } : {}),
    ...(audience === null ? { audience: 'Please choose who sees it.' } : {}),
    ...(form.from.trim() !== '' && !startsAt ? { from: 'Please enter a day.' } : {}),
    ...(form.until.trim() !== '' && !endsAt ? { until: 'Please enter a day.' } : {}),
    ...(endsAt && endsAt.getTime() <= Math.max(Date.now(), startsAt?.getTime() ?? 0)
      ? { until: 'This day is over, or before the first.' }
      : {}),
  }
  if (Object.keys(fields).length > 0) throw highlighted(fields)
  if (!isUuid(form.key)) throw new AppError('conflict', 'This form is incomplete. Nothing was saved; please try again.')
  return {
    formKey: form.key,
    text,
    link: link || null,
    linkText: link ? linkText || 'Read more' : null,
    audience: audience!,
    startsAt,
    endsAt,
  }
}

/** A path on this site, with query and fragment: no other host, whatever a browser makes of slashes. */
function isOwnPage(link: string): boolean {
  return /^\/(?![/\\])[\w\-./~%?=&#]*$/.test(link) && link.length <= 200
}

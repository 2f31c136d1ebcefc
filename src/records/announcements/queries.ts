import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** Who sees an announcement. `subscribers`: who is signed in and has access. */
export type Audience = 'everyone' | 'subscribers'

/** A line above the site's pages, with a link to one of them or none. */
export type Announcement = {
  id: number
  text: string
  link: string | null
  linkText: string | null
  audience: Audience
}

/** The same as the panel lists it. `endsAt` is the first instant after its last day; `state` by the database's clock. */
export type AnnouncementLine = Announcement & {
  startsAt: Date
  endsAt: Date | null
  state: 'off' | 'coming' | 'running' | 'over'
  author: string | null
}

/** What an administrator writes; without `startsAt` it begins at once. */
export type NewAnnouncement = Omit<Announcement, 'id'> & { formKey: string; startsAt: Date | null; endsAt: Date | null }

/** So many running announcements are looked at, the newest; a browser remembers as many that were closed. */
export const mostRunning = 20

/** Those to be seen now. Of several a page shows the first: that for subscribers alone before that for everyone, then the newest. */
export async function listRunning(sql: Sql): Promise<Announcement[]> {
  return sql<Announcement[]>`
    select id, text, link, link_text, audience
    from announcements a
    where is_running(a)
    order by audience = 'subscribers' desc, starts_at desc, id desc
    limit ${mostRunning}
  `
}

/** The newest announcements. */
export async function listAnnouncements(sql: Sql, limit: number): Promise<AnnouncementLine[]> {
  return sql<AnnouncementLine[]>`
    select a.id, a.text, a.link, a.link_text, a.audience, a.starts_at, a.ends_at, u.username as author,
           case when now() >= a.ends_at then 'over' when not a.is_on then 'off' when now() < a.starts_at then 'coming'
                else 'running' end as state
    from announcements a
    left join users u on 'user:' || u.id = a.created_by
    order by a.id desc
    limit ${limit}
  `
}

/** Makes an announcement (change-announcements.sql). False: this form was sent already. */
export async function insertAnnouncement(sql: Sql, given: NewAnnouncement, by: Actor): Promise<boolean> {
  const { formKey, text, link, linkText, audience, startsAt, endsAt } = given
  const columns = {
    form_key: formKey,
    text,
    link,
    link_text: linkText,
    audience,
    starts_at: startsAt?.toISOString() ?? null,
    ends_at: endsAt?.toISOString() ?? null,
  }
  const [row] = await sql<{ done: boolean }[]>`
    select create_announcement(${sql.json(columns)}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** Switches one off or on again. False: it is so already, or there is none. */
export async function switchAnnouncement(sql: Sql, id: number, on: boolean, by: Actor): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select switch_announcement(${id}, ${on}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

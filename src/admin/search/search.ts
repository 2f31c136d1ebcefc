import { looksLikeGiftCode } from '../../billing/gifts/gift-code.ts'
import { indianMobile } from '../../identity/users/phones.ts'
import type { Sql } from '../../platform/db.ts'
import { isUuid } from '../../platform/ids.ts'
import { findExactly, type Person } from '../subscribers/queries.ts'
import { listPeople } from '../subscribers/search.ts'
import { findNamed, type Named } from './queries.ts'

/** What a search of the whole panel found. */
export type Found = {
  /** The one page that was meant, if there is no doubt about it. */
  page: string | null
  named: { title: string; href: string }[]
  exact: Person[]
  people: Person[]
  /** There are more people than are shown. */
  isMore: boolean
  isGiftCode: boolean
}

const shown = 20

/**
 * Finds what was typed, without spaces around it: a number of an order, payment, refund, receipt, credit note or complaint, a
 * bank's reference, a coupon; a person by name, user name, e-mail, phone or id.
 */
export async function searchPanel(sql: Sql, typed: string): Promise<Found> {
  const named = await findNamed(sql, typed)
  // Nobody is called like a number; a coupon, though, may be called like somebody.
  const isNumber = named.some(({ kind }) => kind !== 'coupon')
  const { exact, people, isCertain } = isNumber
    ? { exact: [], people: [], isCertain: true }
    : await searchPeople(sql, typed)
  const pages = [...named.map(pageOf), ...exact.map(personPage)]
  return {
    page: pages.length === 1 && (isCertain || people.length === 0) ? pages[0]! : null,
    named: named.map((one) => ({ title: `${titles[one.kind]} ${one.id}`, href: pageOf(one) })),
    exact,
    people: people.slice(0, shown),
    isMore: people.length > shown,
    isGiftCode: pages.length + people.length === 0 && looksLikeGiftCode(typed),
  }
}

/** `isCertain`: what was typed is nobody's name. A user name may be one, so it is meant only where nobody else is called like it. */
async function searchPeople(sql: Sql, typed: string) {
  const id = isUuid(typed) ? typed : null
  const phone = indianMobile(typed)
  const anybody = { status: '', plan: '', role: '', verified: '', typed }
  const [exact, called] = await Promise.all([
    findExactly(sql, { text: typed, phone, id }),
    listPeople(sql, anybody, null, shown + 1),
  ])
  const people = called.filter((one) => !exact.some((other) => other.id === one.id))
  return { exact, people, isCertain: id !== null || phone !== null || typed.includes('@') }
}

const titles: Record<Named['kind'], string> = {
  order: 'Order',
  refund: 'Refund',
  complaint: 'Complaint',
  coupon: 'Coupon',
}

function pageOf({ kind, id }: Named): string {
  return `/admin/${kind}s/${encodeURIComponent(id)}`
}

function personPage({ id }: Person): string {
  return `/admin/subscribers/${id}`
}

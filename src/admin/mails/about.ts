import { sentenceCase } from '../labels.ts'
import type { LoggedMail } from './queries.ts'

/** What a mail is about, in words, and the page of it; '—' where there is nothing to say. */
export function aboutMail({ kind, subjectKey, userId }: LoggedMail): { text: string; href: string | null } {
  const person = userId && `/admin/subscribers/${userId}`
  if (kind === 'receipt') return { text: subjectKey, href: `/receipts/${subjectKey}` }
  if (kind === 'refund') return { text: 'The refund', href: `/admin/refunds/${subjectKey}` }
  if (kind.startsWith('complaint-')) return { text: subjectKey, href: `/admin/complaints/${subjectKey}` }
  if (kind.startsWith('gift')) return { text: 'A gift', href: '/admin/gifts' }
  const [, cadence, issue] = /^[0-9a-f-]{36}:(\w+):(.+)$/.exec(subjectKey) ?? []
  if (kind.startsWith('report') && cadence && issue) return { text: `${sentenceCase(cadence)}, ${issue}`, href: person }
  if (person) return { text: 'The account', href: person }
  return { text: /^\d+$|[0-9a-f]{8}-[0-9a-f]{4}/.test(subjectKey) ? '—' : subjectKey, href: null }
}

import type { MailFile } from './mail.ts'

/** A mail's own HTML may have styles and links, and nothing else: no scripts, no forms, nothing loaded. */
export const DOCUMENT_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  'sandbox allow-popups allow-popups-to-escape-sandbox',
].join('; ')

/** The mail's HTML as a document of its own: its attached images are inlined, links open in a new tab. */
export function documentOf(html: string, files: MailFile[]): string {
  return withBase(
    html.replace(/\bcid:([^"'\s)>]+)/gi, (whole, id: string) => {
      const file = files.find(({ contentId }) => contentId === decoded(id))
      return file?.mimeType.startsWith('image/')
        ? `data:${file.mimeType.replace(/[^\w.+/-]/g, '')};base64,${file.content.toString('base64')}`
        : whole
    }),
  )
}

// The frame's own policy would block a page that opened inside it.
function withBase(html: string): string {
  const base = '<base target="_blank">'
  for (const place of [/<head(\s[^>]*)?>/i, /<html(\s[^>]*)?>/i, /<!doctype[^>]*>/i]) {
    if (place.test(html)) return html.replace(place, (tag) => tag + base)
  }
  return base + html
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}

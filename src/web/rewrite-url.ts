/** The longest path segment that can name anything here. */
export const maxSegmentLength = 200

/**
 * Fastify's rewriteUrl. A path that cannot be decoded, or has a NUL or an overlong segment, is routed to an address that does not
 * exist, so that the answer is the site's own 404 page; so is one with an empty segment (`//`), which routers and proxies read
 * differently. NUL is removed from the query, as it is from forms, because PostgreSQL accepts it in no text.
 */
export function rewriteUrl({ url = '/' }: { url?: string | undefined }): string {
  const [path, ...query] = url
    .replace(/^https?:\/\/[^/?#]*/i, '')
    .replace(/^(?!\/)/, '/')
    .split('?')
  return isRoutable(path!) ? [path, ...query.map((part) => part.replaceAll('%00', ''))].join('?') : '/no-such-address'
}

function isRoutable(path: string): boolean {
  try {
    const isShort = path.split('/').every((segment) => segment.length <= maxSegmentLength)
    return isShort && !path.includes('//') && !decodeURIComponent(path).includes('\0')
  } catch {
    return false
  }
}

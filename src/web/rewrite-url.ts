/** The longest piece of a path that can name something of ours. */
export const longestName = 200

/**
 * The address of a request as it is routed. A path that cannot be decoded, has a NUL in it or a piece longer than any name
 * of ours, names nothing: it leads to where nothing is, so that the answer is our own page; so does one with an empty part
 * (`//`), which routers and proxies read in different ways. In a query NUL is left out, as it is in forms: no
 * database stores it, none may be asked for it.
 */
export function rewrittenUrl({ url = '/' }: { url?: string | undefined }): string {
  const [path, ...query] = url
    .replace(/^https?:\/\/[^/?#]*/i, '')
    .replace(/^(?!\/)/, '/')
    .split('?')
  return isReadable(path!) ? [path, ...query.map((part) => part.replaceAll('%00', ''))].join('?') : '/no-such-address'
}

function isReadable(path: string): boolean {
  try {
    const isShort = path.split('/').every((piece) => piece.length <= longestName)
    return isShort && !path.includes('//') && !decodeURIComponent(path).includes('\0')
  } catch {
    return false
  }
}

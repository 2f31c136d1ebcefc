/**
 * The address of a request as it is routed. What cannot be decoded, or has a NUL in it (which the database refuses to be
 * asked for), names nothing of ours: it leads to where nothing is, so that the answer is our own page.
 */
export function routedAddress({ url = '/' }: { url?: string | undefined }): string {
  if (url.includes('%00')) return nowhere
  try {
    decodeURIComponent(url.split('?', 1)[0]!)
    return url
  } catch {
    return nowhere
  }
}

const nowhere = '/no-such-address'

/** HTML that is the same for everybody, cut where it shows a star: there it holds the button for either case. */
export type StarredHtml = readonly (string | StarPlace)[]
type StarPlace = { symbol: string; off: string; on: string }

const place = /<!--star (\S+?)-->([\s\S]*?)<!--or-->([\s\S]*?)<!--end-->/g

/** Cuts a page's HTML at the places that views/market/watch-list/_star-place.eta left in it. */
export function cutAtStars(html: string): StarredHtml {
  const pieces: (string | StarPlace)[] = []
  let end = 0
  for (const found of html.matchAll(place)) {
    const [whole, symbol, off, on] = found as unknown as [string, string, string, string]
    pieces.push(html.slice(end, found.index), { symbol: decodeURIComponent(symbol), off, on })
    end = found.index + whole.length
  }
  pieces.push(html.slice(end))
  return pieces
}

/** Puts it together for somebody who starred these symbols. */
export function joinForStars(html: StarredHtml, stars: ReadonlySet<string>): string {
  return html
    .map((piece) => (typeof piece === 'string' ? piece : stars.has(piece.symbol) ? piece.on : piece.off))
    .join('')
}

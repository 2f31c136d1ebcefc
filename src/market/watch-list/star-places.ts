/**
 * HTML that is the same for everybody, cut where it shows a star: there it holds the button for either case. As bytes, so that it is
 * not encoded again for each reader. Empty where there is nothing.
 */
export type StarredHtml = readonly (Buffer | StarPlace)[]
type StarPlace = { symbol: string; off: Buffer; on: Buffer }

const place = /<!--star (\S+?)-->([\s\S]*?)<!--or-->([\s\S]*?)<!--end-->/g

/** Cuts a page's HTML at the places that views/market/watch-list/_star-place.eta left in it. */
export function cutAtStars(html: string): StarredHtml {
  if (html === '') return []
  const pieces: (Buffer | StarPlace)[] = []
  let end = 0
  for (const found of html.matchAll(place)) {
    const [whole, symbol, off, on] = found as unknown as [string, string, string, string]
    const star = { symbol: decodeURIComponent(symbol), off: Buffer.from(off), on: Buffer.from(on) }
    pieces.push(Buffer.from(html.slice(end, found.index)), star)
    end = found.index + whole.length
  }
  pieces.push(Buffer.from(html.slice(end)))
  return pieces
}

/** The pieces of it for somebody who starred these symbols, to be sent one after the other. */
export function piecesForStars(html: StarredHtml, stars: ReadonlySet<string>): Buffer[] {
  return html.map((piece) => ('symbol' in piece ? (stars.has(piece.symbol) ? piece.on : piece.off) : piece))
}

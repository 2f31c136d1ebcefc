/** HTML that is escaped already. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Piece = Html | string | number | null | false | undefined

/** Builds HTML; every value is escaped, unless this function built it. */
export function html(strings: TemplateStringsArray, ...pieces: (Piece | Piece[])[]): Html {
  return new Html(
    strings.reduce((text, string, index) => text + [pieces[index - 1]].flat().map(print).join('') + string),
  )
}

function print(piece: Piece): string {
  if (piece instanceof Html) return piece.text
  if (piece === null || piece === undefined || piece === false) return ''
  return String(piece).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

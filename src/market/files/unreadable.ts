/** A file that cannot be read, or not beyond a line; the message is a sentence for people. */
export class Unreadable extends Error {
  override name = 'Unreadable'
  /** Where it stopped being readable; null when it is about the file as a whole. */
  readonly line: number | null

  constructor(sentence: string, line: number | null = null) {
    super(sentence)
    this.line = line
  }
}

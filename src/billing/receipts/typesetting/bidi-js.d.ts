declare module 'bidi-js' {
  /** The part of the Unicode Bidirectional Algorithm that we use. */
  type Bidi = {
    /** The level of each UTF-16 unit: even runs to the right, odd to the left. */
    getEmbeddingLevels(text: string): { levels: Uint8Array }
  }
  export default function bidiFactory(): Bidi
}

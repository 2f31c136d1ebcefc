import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Characters and what they may turn into, or glyphs; and which of the font's tables, where not all are wanted. */
export type Part = { characters?: string[]; glyphs?: Iterable<number>; tables?: readonly string[] }

/**
 * A part of a TrueType font, as HarfBuzz's subsetter makes it. Every glyph keeps its number; one that is not wanted has no
 * outline any more. The same font and part give the same bytes. Throws for bytes that are not a font.
 */
export function subsetOf(font: Uint8Array, { characters = [], glyphs = [], tables }: Part): Buffer {
  hb ??= load()
  const { hb_set_add: add } = hb
  const file = copied(hb, font)
  const face = hb.hb_face_create(file.blob, 0)
  const input = hb.hb_subset_input_create_or_fail()
  hb.hb_subset_input_set_flags(input, retainGlyphNumbers)
  const wanted = { characters: hb.hb_subset_input_unicode_set(input), glyphs: hb.hb_subset_input_glyph_set(input) }
  for (const character of characters) add(wanted.characters, character.codePointAt(0)!)
  for (const glyph of glyphs) add(wanted.glyphs, glyph)
  if (tables) {
    const dropped = hb.hb_subset_input_set(input, tablesToDrop)
    hb.hb_set_clear(dropped)
    for (const table of tables) add(dropped, Buffer.from(table).readUInt32BE())
    hb.hb_set_invert(dropped)
  }
  const part = hb.hb_subset_or_fail(face, input)
  try {
    if (part === 0) throw new Error('HarfBuzz cannot take a part of this font')
    return bytesOf(hb, part)
  } finally {
    hb.hb_face_destroy(part)
    hb.hb_subset_input_destroy(input)
    hb.hb_face_destroy(face)
    hb.hb_blob_destroy(file.blob)
    hb.free(file.address)
  }
}

type Call = (...values: number[]) => number

/** HarfBuzz's own functions (its manual, "hb-subset"), which take and give numbers and addresses in WebAssembly's memory. */
type Subsetter = { memory: { buffer: ArrayBuffer } } & Record<
  | 'malloc'
  | 'free'
  | 'hb_blob_create'
  | 'hb_blob_destroy'
  | 'hb_blob_get_data'
  | 'hb_blob_get_length'
  | 'hb_face_create'
  | 'hb_face_destroy'
  | 'hb_face_reference_blob'
  | 'hb_set_add'
  | 'hb_set_clear'
  | 'hb_set_invert'
  | 'hb_subset_input_create_or_fail'
  | 'hb_subset_input_destroy'
  | 'hb_subset_input_glyph_set'
  | 'hb_subset_input_set'
  | 'hb_subset_input_set_flags'
  | 'hb_subset_input_unicode_set'
  | 'hb_subset_or_fail'
  | '_initialize',
  Call
>

const retainGlyphNumbers = 0x2
const tablesToDrop = 3
const readOnly = 1

let hb: Subsetter | undefined

/** The package has the subsetter compiled, and no module around it. */
function load(): Subsetter {
  const file = createRequire(import.meta.url).resolve('harfbuzzjs/dist/harfbuzz-subset.wasm')
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)))
  const subsetter = exports as Subsetter
  subsetter._initialize()
  return subsetter
}

function copied(hb: Subsetter, bytes: Uint8Array): { address: number; blob: number } {
  const address = hb.malloc(bytes.length)
  new Uint8Array(hb.memory.buffer, address, bytes.length).set(bytes)
  return { address, blob: hb.hb_blob_create(address, bytes.length, readOnly, 0, 0) }
}

function bytesOf(hb: Subsetter, face: number): Buffer {
  const blob = hb.hb_face_reference_blob(face)
  const bytes = new Uint8Array(hb.memory.buffer, hb.hb_blob_get_data(blob, 0), hb.hb_blob_get_length(blob))
  const copy = Buffer.from(bytes)
  hb.hb_blob_destroy(blob)
  return copy
}

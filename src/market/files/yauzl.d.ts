// The part of yauzl 3 that is used here; the package brings no types of its own.
declare module 'yauzl' {
  import type { Readable } from 'node:stream'

  export type Entry = {
    fileName: string
    compressedSize: number
    uncompressedSize: number
    compressionMethod: number
    crc32: number
    isEncrypted(): boolean
  }
  export type ZipFile = {
    entryCount: number
    eachEntry(): AsyncIterableIterator<Entry>
    openReadStreamPromise(entry: Entry, options?: { decodeFileData: boolean }): Promise<Readable>
    close(): void
  }
  export function openPromise(path: string): Promise<ZipFile>
  export function fromBufferPromise(buffer: Buffer): Promise<ZipFile>
}

import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib'

/** zstd's level for what is compressed for one person. */
export const quickest = 3
/** The longest that smallFrame takes. */
export const smallBytes = 16_384

/** Each write becomes a frame of its own (RFC 8878), which needs nothing of the ones before. The window is as large as a part. */
const options = {
  flush: constants.ZSTD_e_end,
  params: { [constants.ZSTD_c_compressionLevel]: quickest, [constants.ZSTD_c_windowLog]: Math.log2(smallBytes) },
}

let kept: ZstdCompress | undefined

/**
 * One small part of a page as a zstd frame, one after the other in one compressor that is kept: of a compressor for each part V8
 * hears no sooner than when it collects its old generation that it is not needed, and collecting that takes longer than to compress.
 */
export function smallFrame(part: Buffer): Promise<Buffer> {
  kept ??= open()
  const stream = kept
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  stream.write(part, (error) => (error ? reject(error) : resolve(stream.read() as Buffer)))
  return promise
}

/** One that failed for want of memory is replaced by the next part's. */
function open(): ZstdCompress {
  return createZstdCompress(options).on('error', () => {
    kept = undefined
  })
}

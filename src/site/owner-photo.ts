import { accessSync, constants, statSync } from 'node:fs'
import { extname } from 'node:path'

const mostBytes = 500_000

/** The owner's photo as a file to serve, or as an address that is served already; both null where there is none. */
export type OwnerPhoto = { file: [name: string, path: string] | null; url: string | null }

/** What OWNER_PHOTO names. A file that cannot be shown is left out: no page fails for want of a picture. */
export function ownerPhotoOf(photo: string): OwnerPhoto {
  if (/^https?:/.test(photo)) return { file: null, url: photo }
  if (photo === '' || photoProblem(photo) !== null) return { file: null, url: null }
  return { file: [`owner-photo${extname(photo).toLowerCase()}`, photo], url: null }
}

/** Why a photo cannot be shown: a phrase about it; null when it can, or is no file. */
export function photoProblem(photo: string): string | null {
  if (photo === '' || /^https?:/.test(photo)) return null
  try {
    accessSync(photo, constants.R_OK)
    const file = statSync(photo)
    if (!file.isFile()) return 'is no file'
    return file.size > mostBytes ? `is larger than ${mostBytes / 1_000} kB` : null
  } catch {
    return 'cannot be read'
  }
}

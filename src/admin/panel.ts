import type { Deps } from '../deps.ts'
import type { Composers } from '../records/mails/mails.ts'

/** What every part of the panel is given. */
export type Panel = { deps: Deps; composers: Composers }

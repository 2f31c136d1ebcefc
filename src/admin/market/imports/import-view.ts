import { doubtAbout, type Suspect, suspectOf } from '../../../market/prices/imports/doubts.ts'
import { previewImport } from '../../../market/prices/imports/imports.ts'
import type { Decision, Jump } from '../../../market/prices/imports/jump-queries.ts'
import { type AcceptedName, listAcceptedNames } from '../../../market/prices/imports/names-queries.ts'
import type { SymbolSummary } from '../../../market/prices/imports/preview-queries.ts'
import type { Import } from '../../../market/prices/imports/queries.ts'
import type { Question } from '../../../market/prices/imports/question-queries.ts'
import type { NavSummary } from '../../../market/prices/navs/queries.ts'
import { marketAge } from '../../../market/prices/queries.ts'
import { findVersion } from '../../../market/version/queries.ts'
import type { Sql } from '../../../platform/db.ts'
import { namesOf } from '../../incidents/queries.ts'
import { labels, machineNames } from '../labels.ts'

/** Everything that the page of an import shows. `version`: of the market it was compared with. */
export type ImportView = {
  found: Import
  createdBy: string
  symbols: SymbolSummary[]
  navs: NavSummary[]
  questions: Question[]
  jumps: (Jump & { doubt: string | null; suspect: Suspect | null })[]
  decisions: Decision[]
  /** What committing it does to names. */
  names: AcceptedName[]
  prices: number
  navCount: number
  /** Nothing in it is new or changed. */
  knownAlready: boolean
  /** Real prices take the place of the sample with it. */
  endsSample: boolean
  /** The market is invented still. */
  isSample: boolean
  version: number
}

/** Compares an import with what counts; the version is read first, so that a change in between is noticed. */
export async function viewImport(sql: Sql, found: Import): Promise<ImportView> {
  const { version } = await findVersion(sql)
  const [people, age, accepted, preview] = await Promise.all([
    namesOf(sql, [found.createdBy]),
    marketAge(sql),
    found.status === 'held' ? listAcceptedNames(sql, found.id) : [],
    // The sample that a demo begins with is not compared, and what was dropped has no prices any more.
    found.status === 'reading' || found.status === 'dropped' || found.createdBy === 'sample'
      ? { symbols: [], navs: [], questions: [], jumps: [], decisions: [] }
      : previewImport(sql, found.id),
  ])
  return {
    found,
    createdBy: people[found.createdBy] ?? machineNames[found.createdBy] ?? found.createdBy,
    ...preview,
    names: accepted,
    jumps: (found.status === 'held' ? preview.jumps : []).map((jump) => ({
      ...jump,
      doubt: doubtAbout(jump, labels),
      suspect: suspectOf(jump),
    })),
    prices: preview.symbols.reduce((sum, one) => sum + one.rows, 0),
    navCount: preview.navs.reduce((sum, one) => sum + one.rows, 0),
    knownAlready:
      preview.symbols.length + preview.navs.length > 0 &&
      [...preview.symbols, ...preview.navs].every((one) => one.fresh + one.changed === 0),
    endsSample: age.sample && found.origin !== 'sample' && preview.symbols.length > 0,
    isSample: age.sample,
    version,
  }
}

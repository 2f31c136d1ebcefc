import type { Step } from '../engine/frame.ts'
import type { Analyser } from './analyser.ts'

const paces: Record<Step, string> = { day: 'daily', week: 'weekly', month: 'monthly' }

/** What a file holds: the rank table, the rotation map, or sectors side by side. */
type Kind = 'table' | 'map' | 'comparison'

/**
 * The name of a file: what it shows, its day, its readings and its benchmark, like `sectors-2026-11-20-weekly-NIFTYBEES.csv`, so
 * that two files of unlike numbers have unlike names. Letters, digits, dots and hyphens only, as a header needs.
 */
export function fileNameOf(kind: Kind, { analysis, params, benchmark }: FileContents, ending: string): string {
  const { many } = analysis.terms
  const what = {
    table: [many],
    map: ['rotation-map', params.zoom, params.universe && many],
    comparison: [kind],
  }[kind]
  const parts = [...what, params.only, analysis.asOf, paces[analysis.step], benchmark.symbol]
  return `${parts.filter((part) => part !== null).join('-')}.${ending}`.replaceAll(/[^\w.-]+/g, '-')
}

type FileContents = Pick<Analyser, 'analysis' | 'params' | 'benchmark'>

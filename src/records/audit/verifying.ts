import type { Sql } from '../../platform/db.ts'
import {
  advanceVerifiedHead,
  type Fault,
  type Piece,
  recordWholeVerification,
  type VerifiedHead,
  verifiedHead,
  verifyPiece,
} from './queries.ts'

/** What verifying came to: seals that were checked, how many do not agree, and the first hundred of those. */
export type Verdict = { looked: number; wrong: number; faults: Fault[] }

/** Seals in one piece: a quarter of a second, each under a deadline of its own. */
const rowsAtOnce = 50_000
const shown = 100
const start = { upTo: 0, hash: '', upToId: 0 }

/** Computes the whole chain anew and compares, piece by piece; reads only. `progress` is told how many seals were checked so far. */
export async function verifyAudit(sql: Sql, progress: (looked: number) => void = () => {}): Promise<Verdict> {
  return (await verifyFrom(sql, start, progress)).verdict
}

/**
 * Verifies what came after the verified head; reads only. A change below the head is found by `verifyAudit` alone. A head that
 * the audit has no record of was moved by hand, which is a fault of its own.
 */
export async function verifyNewAudit(sql: Sql): Promise<Verdict & { from: VerifiedHead }> {
  const from = await verifiedHead(sql)
  const { verdict } = await verifyFrom(sql, { upTo: from.position, hash: from.hash, upToId: from.lowWater })
  if (from.onRecord) return { ...verdict, from }
  const moved = {
    position: from.position,
    auditId: null,
    fault: 'the verified head was moved, and the audit does not say so',
  }
  return { ...verdict, wrong: verdict.wrong + 1, faults: [moved, ...verdict.faults].slice(0, shown), from }
}

/** Verifies what came after the verified head and moves the head with it, up to the end of the chain or to what does not agree. */
export async function advanceVerified(sql: Sql): Promise<void> {
  // A head that was moved by hand stays where it is: a move would put it on record.
  if (!(await verifiedHead(sql)).onRecord) return
  for (;;) {
    const { isLast, wrong } = await advanceVerifiedHead(sql, rowsAtOnce)
    if (isLast || wrong > 0) return
  }
}

/** Verifies the whole chain as `verifyAudit` does, and puts on record when all of it agrees. */
export async function verifyWholeAudit(sql: Sql, progress: (looked: number) => void): Promise<Verdict> {
  const { verdict, end } = await verifyFrom(sql, start, progress)
  if (verdict.wrong === 0) await recordWholeVerification(sql, { position: end.upTo, hash: end.hash })
  return verdict
}

async function verifyFrom(
  sql: Sql,
  from: Pick<Piece, 'upTo' | 'hash' | 'upToId'>,
  progress: (looked: number) => void = () => {},
) {
  const verdict: Verdict = { looked: 0, wrong: 0, faults: [] }
  for (let end = from; ; ) {
    const piece = await verifyPiece(sql, end, rowsAtOnce)
    verdict.looked += piece.looked
    verdict.wrong += piece.wrong
    verdict.faults = [...verdict.faults, ...piece.faults].slice(0, shown)
    progress(verdict.looked)
    if (piece.isLast) return { verdict, end: piece }
    end = piece
  }
}

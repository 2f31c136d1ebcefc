import type { DatabaseAddress } from '../../platform/database-address.ts'
import { type Finding, ok, warning } from './finding.ts'
import type { readSurroundings } from './queries.ts'

type Surroundings = Awaited<ReturnType<typeof readSurroundings>>

/** What to do about a pooler that the settings do not mention. */
export const announcePooler = 'Set DB_POOLER=transaction: “Poolers” in docs/operating.md.'

/** A pooler before the server, and replicas behind it or beside it in the address; nothing where there are none. */
export function servers(found: Surroundings, address: Pick<DatabaseAddress, 'pooled' | 'servers'>): Finding[] {
  return [...pooler(found, address.pooled), ...replicas(found, address.servers.length)]
}

function pooler({ pooler, unlimited }: Surroundings, announced: boolean): Finding[] {
  if (!pooler) return []
  if (!announced) return [warning('pooler', 'one stands before the database, and DB_POOLER is off', announcePooler)]
  return unlimited
    ? [
        warning(
          'pooler',
          'its connections have no limit of time yet',
          'Run `npm run migrate`, then have the pooler make new ones (PgBouncer: `RECONNECT`).',
        ),
      ]
    : [ok('pooler', 'in transaction mode; the limits of time are the role’s')]
}

function replicas({ replicas, synchronous }: Surroundings, servers: number): Finding[] {
  if (replicas === 0 && servers === 1) return []
  const says = replicas === 1 ? '1 connected' : `${replicas} connected`
  return synchronous
    ? [ok('replicas', `${says}, and commits wait for one`)]
    : [
        warning(
          'replicas',
          `${says}, and no commit waits for them: a failover loses what was confirmed last, numbers of receipts among it`,
          'Set synchronous_standby_names, with two replicas best ANY 1 (one, two): “Failover” in docs/operating.md.',
        ),
      ]
}

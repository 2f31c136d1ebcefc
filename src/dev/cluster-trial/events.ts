import type { Random } from '../chaos/random.ts'
import type { Cluster } from './cluster.ts'

/** A moment from which it is counted how long people wait. */
export type Mark = { since: string; at: number }

/** Something that happens to a cluster: `happen` resolves when all its parts stand again, with the moments that count. */
export type Event = { name: string; happen(cluster: Cluster, random: Random): Promise<Mark[]> }

/** Nothing: what a page and a purchase take when all is well, to compare the others with. */
export const calm: Event = {
  name: 'load alone',
  async happen() {
    return [{ since: 'any moment', at: Date.now() }]
  },
}

/** In the order in which they happen. */
export const events: readonly Event[] = [
  {
    name: 'rolling release',
    async happen(cluster) {
      await cluster.roll()
      return [{ since: 'its end', at: Date.now() }]
    },
  },
  {
    name: 'kill -9 of a node',
    async happen({ nodes }, random) {
      const node = random.one(nodes)
      node.kill()
      const at = Date.now()
      await node.untilReady()
      return [{ since: 'the kill', at }]
    },
  },
  {
    name: 'switchover',
    async happen({ pair }) {
      const { begunAt, writableAt } = await pair.switchover()
      return [
        { since: 'the order', at: begunAt },
        { since: 'the promotion', at: writableAt },
      ]
    },
  },
  {
    name: 'failover',
    async happen({ pair }) {
      const { begunAt, writableAt } = await pair.failover()
      return [
        { since: 'the kill', at: begunAt },
        { since: 'the promotion', at: writableAt },
      ]
    },
  },
]

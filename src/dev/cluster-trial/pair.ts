import { createOwner, promoteReplica, untilFollowed, waitForReplicas } from './queries.ts'
import { prepareServer, type Server } from './server.ts'

/** When what happened, in milliseconds of the clock. */
export type Handover = { begunAt: number; writableAt: number; inStepAt: number }

/** A primary, and a replica that has every commit before it is confirmed. */
export type Pair = {
  servers: readonly [Server, Server]
  primary(): Server
  /** The primary is stopped in good order, the replica takes over, and the old primary follows it. */
  switchover(): Promise<Handover>
  /** The primary loses its power, the replica takes over, and the old primary is made anew as its replica. */
  failover(): Promise<Handover>
}

/** Starts both in this folder, with an empty database `etf` of the role `etf`; `later` is told at once how to end them. */
export async function startPair(
  folder: string,
  password: string,
  later: (close: () => unknown) => void,
): Promise<Pair> {
  const servers = [await prepareServer(folder, 'postgres-1'), await prepareServer(folder, 'postgres-2')] as const
  let [primary, replica] = servers as readonly [Server, Server]
  later(async () => {
    // The replica first: a primary that waits for it would hang.
    for (const server of [replica, primary]) await server.close()
  })
  await primary.create()
  await primary.start()
  await createOwner(primary.admin, password)
  await replica.copyFrom(primary)
  await follow()

  /**
   * Commits wait for the replica only while there is one, as cluster managers arrange it: a primary left alone goes on, and
   * is not handed over from until its replica has caught up.
   */
  async function follow(): Promise<void> {
    await replica.start(primary)
    await waitForReplicas(replica.admin, false)
    await untilFollowed(primary.admin, { inStep: false })
    await waitForReplicas(primary.admin, true)
    await untilFollowed(primary.admin, { inStep: true })
  }

  async function handOver(end: () => Promise<void>, makeReplica: () => Promise<void>): Promise<Handover> {
    const begunAt = Date.now()
    await end()
    await promoteReplica(replica.admin)
    const writableAt = Date.now()
    ;[primary, replica] = [replica, primary]
    await makeReplica()
    await follow()
    return { begunAt, writableAt, inStepAt: Date.now() }
  }

  return {
    servers,
    primary: () => primary,
    switchover: () =>
      handOver(
        () => primary.stop(),
        async () => {},
      ),
    failover: () =>
      handOver(
        () => primary.kill(),
        () => replica.copyFrom(primary),
      ),
  }
}

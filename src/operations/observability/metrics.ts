import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { heavyWorkCounts } from '../../platform/heavy-work.ts'
import type { Job } from '../../platform/jobs.ts'
import { poolCounts } from '../../platform/thread-pool.ts'
import { gatewayOperation, gatewayOutcome } from './labels.ts'

/** The metrics of this process. Every label has a small, fixed set of values. */
export type Metrics = ReturnType<typeof createMetrics>

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** New metrics, beside the default ones of a Node process (memory, processor, event loop, garbage collection). */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'etf_http_request_duration_seconds',
    help: 'Time to answer, by method, route pattern and class of status',
    labelNames: ['method', 'route', 'status'],
    buckets: seconds,
    registers,
  })
  const clientsLeft = new Counter({
    name: 'etf_http_clients_left_total',
    help: 'Requests whose sender was gone before the answer',
    registers,
  })
  const gatewayCalls = new Histogram({
    name: 'etf_gateway_call_duration_seconds',
    help: 'Calls to Cashfree, by operation and outcome (HTTP status, timeout, unreachable…)',
    labelNames: ['operation', 'outcome'],
    buckets: seconds,
    registers,
  })
  const jobRuns = new Counter({
    name: 'etf_job_runs_total',
    help: 'Runs of background jobs in this process',
    labelNames: ['job', 'result'],
    registers,
  })
  const jobLast = new Gauge({
    name: 'etf_job_last_success_timestamp_seconds',
    help: 'When a run in this process last ended well',
    labelNames: ['job'],
    registers,
  })
  new Gauge({
    name: 'etf_thread_pool_tasks_waiting',
    help: 'Tasks that run or wait in a thread pool now',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const { name, waiting } of poolCounts()) this.set({ pool: name }, waiting)
    },
  })
  new Counter({
    name: 'etf_thread_pool_tasks_total',
    help: 'Tasks of thread pools, by how they ended; refused: too many were waiting, or it took too long',
    labelNames: ['pool', 'result'],
    registers,
    collect() {
      this.reset()
      for (const { name, ...results } of poolCounts())
        for (const result of ['done', 'failed', 'refused'] as const) this.inc({ pool: name, result }, results[result])
    },
  })
  new Gauge({
    name: 'etf_heavy_work_waiting',
    help: 'Heavy pages and pieces of exports that wait for their turn now',
    registers,
    collect() {
      this.set(heavyWorkCounts().waiting)
    },
  })
  new Counter({
    name: 'etf_heavy_work_total',
    help: 'Heavy pages and pieces of exports: done, or refused because too many were waiting',
    labelNames: ['result'],
    registers,
    collect() {
      this.reset()
      for (const result of ['done', 'refused'] as const) this.inc({ result }, heavyWorkCounts()[result])
    },
  })
  return {
    registry,
    /** A request was answered. `route` is the pattern it matched, never the address. */
    request(given: { method: string; route: string; status: number; ms: number }): void {
      const status = `${Math.floor(given.status / 100)}xx`
      requests.observe({ method: given.method, route: given.route, status }, given.ms / 1000)
    },
    /** A client disconnected before its answer was sent. */
    clientLeft: () => clientsLeft.inc(),
    /** A call to Cashfree ended. */
    gatewayCall(call: { method: string; path: string; outcome: string; ms: number }): void {
      const labels = { operation: gatewayOperation(call), outcome: gatewayOutcome(call.outcome) }
      gatewayCalls.observe(labels, call.ms / 1000)
    },
    /** The same job, counted. */
    instrumentJob(job: Job): Job {
      return {
        ...job,
        run: async (stopping) => {
          try {
            const result = await job.run(stopping)
            jobRuns.inc({ job: job.name, result: 'ok' })
            jobLast.set({ job: job.name }, Date.now() / 1000)
            return result
          } catch (error) {
            jobRuns.inc({ job: job.name, result: 'failed' })
            throw error
          }
        },
      }
    },
  }
}

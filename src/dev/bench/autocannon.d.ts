declare module 'autocannon' {
  type Shot = { method?: string; path?: string; headers?: Record<string, string>; body?: string }
  type Result = {
    duration: number
    errors: number
    timeouts: number
    non2xx: number
    requests: { total: number; sent: number }
    latency: { p50: number; p99: number; max: number }
    statusCodeStats: Record<string, { count: number }>
  }
  export default function autocannon(options: {
    url: string
    connections: number
    duration?: number
    amount?: number
    overallRate?: number
    sampleInt?: number
    timeout?: number
    headers?: Record<string, string>
    requests?: (Shot & { setupRequest?: (request: Shot) => Shot })[]
  }): Promise<Result>
}

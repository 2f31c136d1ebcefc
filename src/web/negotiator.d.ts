// The library has no types, and @types/negotiator lacks `preferred`. This is the one call that we make.
declare module 'negotiator' {
  export default class Negotiator {
    constructor(request: { headers: { 'accept-encoding'?: string | string[] | undefined } })
    /** The coding that Accept-Encoding prefers; of those it prefers equally, the first of `preferred`. */
    encoding<Coding extends string>(available: Coding[], options: { preferred: Coding[] }): Coding | undefined
  }
}

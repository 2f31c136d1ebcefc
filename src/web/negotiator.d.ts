// The library comes without types; this is the one call of it that we make.
declare module 'negotiator' {
  export default class Negotiator {
    constructor(request: { headers: { 'accept-encoding'?: string | string[] | undefined } })
    /** The coding that Accept-Encoding likes best; of those it likes as much, the first of `preferred`. */
    encoding<Coding extends string>(available: Coding[], options: { preferred: Coding[] }): Coding | undefined
  }
}

// Loaded before the product: its clock is so many milliseconds off, timers are not.
const skew = Number(process.env.TEST_CLOCK_SKEW_MS)
const real = Date.now
const RealDate = Date
Date.now = () => real() + skew
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length > 0 ? args : [Date.now()], self),
})

// Loaded before the product: a signal makes an error that nobody catches.
process.on('SIGUSR2', () => {
  setImmediate(() => {
    throw new Error('nobody expected this')
  })
})

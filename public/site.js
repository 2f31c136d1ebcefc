// A form sent by the browser shows that it is being sent; forms sent by htmx carry htmx's own class.
document.addEventListener('submit', (event) => {
  const form = event.target
  if (event.defaultPrevented || form.hasAttribute('hx-post')) return
  event.submitter?.setAttribute('aria-busy', 'true')
})

// A page restored by the back button must not look as if it were still sending.
addEventListener('pageshow', () => {
  for (const button of document.querySelectorAll('[aria-busy="true"]')) button.removeAttribute('aria-busy')
})

// A refused form puts the reader at the first field to correct.
const toFirstError = () => document.querySelector('form [aria-invalid="true"]')?.focus()
document.addEventListener('htmx:after:swap', toFirstError)
toFirstError()

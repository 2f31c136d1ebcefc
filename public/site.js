// A form sent by the browser shows that it is being sent; htmx marks its own forms with a class. The second of two clicks is
// dropped: it would abandon the answer to the first, and what that says.
const sentAt = new WeakMap()
document.addEventListener('submit', (event) => {
  const form = event.target
  if (event.defaultPrevented || form.hasAttribute('hx-post')) return
  if (performance.now() - sentAt.get(form) < 1000) return event.preventDefault()
  sentAt.set(form, performance.now())
  event.submitter?.setAttribute('aria-busy', 'true')
})

// A page that the back button restores as it was left is out of date if a form was sent from it, or it shows a checkout:
// it is loaded again, so that nobody pays an order that is paid, or registers twice. On other pages no button stays busy.
let sent = false
document.addEventListener('submit', () => (sent = true), true)
addEventListener('pageshow', ({ persisted }) => {
  if (persisted && (sent || document.getElementById('checkout'))) return location.reload()
  for (const button of document.querySelectorAll('[aria-busy="true"]')) button.removeAttribute('aria-busy')
})

// Pressing a suggestion below a field fills it in.
document.addEventListener('click', (event) => {
  const { fill } = event.target.dataset
  if (!fill) return
  const field = event.target.closest('form').elements[fill]
  field.value = event.target.textContent
  event.target.parentElement.remove()
  field.focus()
})

// A password can be looked at while it is typed. It is hidden again before it is sent, so that browsers offer to keep it.
function reveal(button, isShown) {
  button.previousElementSibling.type = isShown ? 'text' : 'password'
  button.textContent = isShown ? 'Hide' : 'Show'
  button.setAttribute('aria-label', `${button.textContent} what you typed`)
}
document.addEventListener('click', ({ target }) => {
  if (target.matches('.reveal')) reveal(target, target.previousElementSibling.type === 'password')
})
document.addEventListener(
  'submit',
  ({ target }) => {
    for (const button of target.querySelectorAll('.reveal')) reveal(button, false)
  },
  true,
)

// After a refusal the first field to correct gets the focus.
const toFirstError = () => document.querySelector('form [aria-invalid="true"]')?.focus()
document.addEventListener('htmx:after:swap', toFirstError)
toFirstError()

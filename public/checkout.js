// Opens Cashfree's payment window over our page where that works. Without this script, without Cashfree's, or on a phone, the form
// does the same by itself: it posts the session to Cashfree's full payment page.

const wide = matchMedia('(min-width: 768px)')

/** Why the button leads to the full page from now on: 'blocked', 'closed', or null while it does not. */
let plain = null

const payForm = () => document.querySelector('#pay, #approve')

/** Fetches Cashfree's script once the form is there; it is named by the server together with the mode. */
function load() {
  const form = payForm()
  if (plain) explain()
  if (!form || !wide.matches || document.querySelector('script[data-cashfree]')) return
  const script = document.createElement('script')
  script.src = form.dataset.sdk
  script.dataset.cashfree = ''
  script.async = true
  script.addEventListener('error', () => goPlain('blocked'))
  document.head.append(script)
}

function goPlain(reason) {
  plain = reason
  explain()
}

/** The sentence below the button; set again in a region that htmx has replaced. */
function explain() {
  for (const note of document.querySelectorAll('[data-note]')) note.hidden = note.dataset.note !== plain
}

/** What was typed below the payment and not applied: the order does not know of it yet. */
function unapplied() {
  const form = document.getElementById('extras')
  return form && [...form.elements].some((field) => (field.defaultValue ?? field.value) !== field.value) ? form : null
}

async function pay(event) {
  const form = event.target
  const first = form.id === 'pay' && unapplied()
  if (first) {
    event.preventDefault()
    event.stopPropagation()
    return first.requestSubmit()
  }
  if (!form.matches('#pay, #approve') || plain || !wide.matches || typeof window.Cashfree !== 'function') return
  event.preventDefault()
  event.stopPropagation()
  const button = form.querySelector('button')
  button.disabled = true
  const result = await open(form).catch(() => ({ error: { code: 'failed' } }))
  if (form.id === 'approve') return result?.error ? form.submit() : undefined
  // A closed window does not prove a payment: the return page asks Cashfree.
  if (result?.paymentDetails || result?.redirect) return location.assign(form.dataset.return)
  button.disabled = false
  goPlain(result?.error?.code === 'payment_aborted' ? 'closed' : 'blocked')
}

function open(form) {
  const cashfree = window.Cashfree({ mode: form.dataset.mode })
  // A mandate is approved on a page of its own: there is no window for it.
  if (form.id === 'approve') {
    const subsSessionId = form.elements.subs_session_id.value
    return cashfree.subscriptionsCheckout({ subsSessionId, redirectTarget: '_self' })
  }
  const paymentSessionId = form.elements.payment_session_id.value
  return cashfree.checkout({ paymentSessionId, redirectTarget: '_modal' })
}

document.addEventListener('submit', pay, true)
document.addEventListener('htmx:after:swap', load)
load()

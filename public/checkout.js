// Cashfree's window over our page, where it serves. Without this script, without Cashfree's, or on a phone, the form
// does the same by itself: it posts the session to Cashfree's full payment page.

const wide = matchMedia('(min-width: 768px)')

function payForm() {
  return document.getElementById('pay')
}

/** Fetches Cashfree's script once the form is there; it is named by the server together with the mode. */
function load() {
  const form = payForm()
  if (!form || !wide.matches || document.querySelector('script[data-cashfree]')) return
  const script = document.createElement('script')
  script.src = form.dataset.sdk
  script.dataset.cashfree = ''
  script.async = true
  script.addEventListener('error', goPlain)
  document.head.append(script)
}

/** From now on the button leads to the full page, and a sentence says so. */
function goPlain() {
  const form = payForm()
  if (!form) return
  form.dataset.plain = ''
  const note = document.querySelector('[data-script-note]')
  if (note) note.hidden = false
}

async function pay(event) {
  const form = event.target
  if (form.id !== 'pay' || 'plain' in form.dataset || !wide.matches || typeof window.Cashfree !== 'function') return
  event.preventDefault()
  event.stopPropagation()
  const button = form.querySelector('button')
  button.disabled = true
  const result = await open(form).catch(() => ({ error: { code: 'failed' } }))
  if (result?.paymentDetails || result?.redirect) return location.assign(form.dataset.return)
  button.disabled = false
  goPlain()
}

function open(form) {
  const cashfree = window.Cashfree({ mode: form.dataset.mode })
  const paymentSessionId = form.elements.payment_session_id.value
  return cashfree.checkout({ paymentSessionId, redirectTarget: '_modal' })
}

document.addEventListener('submit', pay, true)
document.addEventListener('htmx:after:swap', load)
load()

// A stand-in for Cashfree's browser script, v3: the same calls, the same promises, pointed at this sandbox.
// It runs on pages with a strict content policy, so every style is set through the object model.
;(() => {
  const VERSION = '2024.08.01'
  const script = document.currentScript || document.querySelector('script[src*="/js/v3/cashfree.js"]')
  const host = script.src.replace(/\/js\/v3\/cashfree\.js.*$/, '')
  const CHECKOUT = `${host}/pg/view/sessions/checkout`
  const UNIT = /^\d+(\.\d+)?(px|%|em|rem|vh|vw|vmin|vmax)$/
  let frames = 0

  window.Cashfree = function Cashfree(options) {
    const context = modeOf(options)
    return {
      version: () => VERSION,
      checkout: (wanted) => checkout(context, wanted || {}),
      subscriptionsCheckout: (wanted) => subscriptionsCheckout(context, wanted || {}),
    }
  }
  window.Cashfree.version = () => VERSION

  function modeOf(options) {
    const mode = options?.mode
    return mode === 'sandbox' || mode === 'production' ? mode : undefined
  }

  // Resolves always, rejects never, and says nothing about whether money was paid.
  function checkout(context, wanted) {
    const mistake = mistakeIn(context, wanted)
    if (mistake) return Promise.resolve(incomplete('incomplete_values_found', mistake))
    const target = wanted.redirectTarget || '_self'
    if (target === '_modal') return inModal(wanted)
    if (target instanceof HTMLElement) return inElement(target, wanted)
    post(wanted, target, 'c')
    return Promise.resolve({ redirect: true })
  }

  function mistakeIn(context, wanted) {
    if (!wanted.paymentSessionId) return 'paymentSessionId is missing in options'
    if (!context && !wanted.mode) return 'mode is missing in options'
    if (context && wanted.mode && wanted.mode !== context) return `mode not equals to context, mode shoud be ${context}`
    for (const name of ['width', 'height', 'borderWidth', 'borderRadius']) {
      const value = wanted.appearance?.[name]
      if (value !== undefined && !UNIT.test(value)) return `invalid ${name} units`
    }
    return null
  }

  // A mandate is approved on a page of its own: there is no modal.
  function subscriptionsCheckout(context, wanted) {
    const mistake = !context
      ? 'mode is missing in options'
      : !wanted.subsSessionId && 'subsSessionId is missing in options'
    if (mistake) return Promise.resolve({ error: { message: mistake } })
    postForm(`${CHECKOUT}/subs`, { subs_session_id: wanted.subsSessionId }, wanted.redirectTarget || '_self')
    return Promise.resolve({ redirect: true })
  }

  function incomplete(code, message) {
    return { error: { type: 'incomplete_request_error', code, message } }
  }

  function post(wanted, target, kind) {
    const fields = {
      payment_session_id: wanted.paymentSessionId,
      x_request_id: 'x_request_id_form_atom',
      form_id: 'form_id_atom',
      browser_meta: btoa(JSON.stringify({ userAgent: navigator.userAgent })),
      platform: `jsxx-${kind}-${VERSION}-x-d-c-140-w-10.0`,
    }
    if (wanted.returnUrl) fields.return_url = wanted.returnUrl
    postForm(CHECKOUT, fields, target)
  }

  function postForm(action, fields, target) {
    const form = make('form', { method: 'post', action, target })
    for (const [name, value] of Object.entries(fields)) form.append(make('input', { type: 'hidden', name, value }))
    style(form, { display: 'none' })
    document.body.append(form)
    form.submit()
  }

  function inElement(parent, wanted) {
    const frame = newFrame()
    style(frame, { width: '425px', 'max-width': '100%', height: '790px', border: '0' })
    dress(frame, wanted.appearance)
    parent.append(frame)
    return outcomeOf(frame, wanted, (settle, result) => {
      frame.remove()
      settle(result)
    })
  }

  function inModal(wanted) {
    const before = document.activeElement
    const scroll = document.documentElement.style.overflow
    const overlay = make('div', { role: 'dialog', 'aria-modal': 'true', 'aria-label': 'Payment' })
    const box = make('div', {})
    const close = make('button', { type: 'button', 'aria-label': 'Close payment' })
    const frame = newFrame()
    close.textContent = '✕'
    style(overlay, { position: 'fixed', inset: '0', 'z-index': '2147483647', background: 'rgb(0 0 0 / 60%)' })
    style(overlay, { display: 'flex', 'align-items': 'center', 'justify-content': 'center' })
    style(box, { position: 'relative', overflow: 'hidden', background: '#fff', 'box-sizing': 'border-box' })
    style(close, { position: 'absolute', top: '8px', right: '8px', width: '44px', height: '44px', cursor: 'pointer' })
    style(close, { border: '0', 'border-radius': '22px', background: '#1b1f24', color: '#fff', font: '18px system-ui' })
    style(frame, { width: '100%', height: '100%', border: '0', display: 'block' })

    const narrow = matchMedia('(max-width: 767.98px)')
    const resize = () => {
      const small = { width: '100%', height: '100%', 'border-radius': '0' }
      const large = { width: '425px', height: 'min(790px, 100%)', 'border-radius': '12px' }
      style(box, narrow.matches ? small : large)
      if (!narrow.matches) dress(box, wanted.appearance)
    }
    resize()
    narrow.addEventListener('change', resize)
    box.append(frame, close)
    overlay.append(box)
    document.body.append(overlay)
    document.documentElement.style.overflow = 'hidden'
    close.focus()

    let abort = () => {}
    const onKey = (event) => event.key === 'Escape' && abort()
    return outcomeOf(
      frame,
      wanted,
      (settle, result) => {
        narrow.removeEventListener('change', resize)
        document.removeEventListener('keydown', onKey)
        document.documentElement.style.overflow = scroll
        overlay.remove()
        before?.focus?.()
        settle(result)
      },
      (abortPayment) => {
        abort = abortPayment
        close.addEventListener('click', abort)
        document.addEventListener('keydown', onKey)
      },
    )
  }

  // Never settles when the frame does not load: the real script does not either.
  function outcomeOf(frame, wanted, finish, offerAbort = () => {}) {
    return new Promise((settle) => {
      const end = (result) => {
        removeEventListener('message', listen)
        finish(settle, result)
      }
      const abort = () => end(incomplete('payment_aborted', 'Payment has been aborted. Please try again'))
      const listen = (event) => {
        if (event.source !== frame.contentWindow || event.data?.from !== 'cashfree-sandbox') return
        if (event.data.ending === 'closed') return abort()
        if (event.data.ending === 'redirect') return end({ redirect: true })
        // Success and failure look the same here, as they do with the real script: the server has to ask.
        end({ paymentDetails: { paymentMessage: 'Payment finished. Check status.' } })
      }
      addEventListener('message', listen)
      offerAbort(abort)
      post(wanted, frame.name, 'm')
    })
  }

  function newFrame() {
    frames += 1
    return make('iframe', { name: `cashfree_frame_${frames}`, title: 'Payment', allow: 'payment' })
  }

  function dress(element, appearance = {}) {
    const { width, height, borderColor, backgroundColor, borderWidth, borderRadius } = appearance
    const border = borderWidth || borderColor ? 'solid' : undefined
    style(element, { width, height, 'border-style': border, 'border-width': borderWidth, 'border-color': borderColor })
    style(element, { 'background-color': backgroundColor, 'border-radius': borderRadius })
  }

  function make(name, attributes) {
    const element = document.createElement(name)
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value)
    return element
  }

  function style(element, rules) {
    for (const [name, value] of Object.entries(rules)) if (value !== undefined) element.style.setProperty(name, value)
  }
})()

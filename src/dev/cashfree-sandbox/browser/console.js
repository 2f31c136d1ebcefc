// Keeps the console current: looks again every two seconds, unless someone is typing or reading a body.
const EVERY_MS = 2000

async function look() {
  if (document.hidden || document.activeElement?.matches('input, pre')) return
  const answer = await fetch('/', { headers: { accept: 'text/html' } }).catch(() => null)
  if (!answer?.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  for (const fresh of page.querySelectorAll('[data-live]')) refresh(fresh)
}

function refresh(fresh) {
  const shown = document.querySelector(`[data-live="${fresh.dataset.live}"]`)
  for (const details of shown.querySelectorAll('details[open]')) {
    fresh.querySelector(`details[data-keep="${details.dataset.keep}"]`)?.setAttribute('open', '')
  }
  if (shown.contains(document.activeElement) || shown.innerHTML === fresh.innerHTML) return
  shown.replaceWith(fresh)
}

setInterval(look, EVERY_MS)

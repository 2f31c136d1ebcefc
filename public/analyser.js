// Plays the rotation map: weeks are stepped, scrubbed and played in the drawing itself, from one request for all of them. Where it
// rests, the page of that day is fetched, so that table, address and map agree. Without this script links lead through the weeks.

const playMs = 450
/** How long the newest week is looked at before a loop begins anew. */
const pauseMs = 1500
/** How long it rests at a week before that week's page is fetched. */
const restMs = 500

/** All weeks that can be played, once they were asked for; the one that is drawn; what happens next, if anything. */
let frames = null
let shown = 0
let next = { kind: null, timer: 0 }
/** How it is played; kept when the page of another week comes, which knows nothing of it. */
const pace = { speed: '1', loops: false }

const player = () => document.getElementById('player')
const drawing = () => document.querySelector('svg.chosen-from')

/** The player is there when the script is; after another page came, it stands where that page is. */
function ready() {
  const form = player()
  if (!form) return wait(null)
  for (const one of form.querySelectorAll('[hidden]')) one.hidden = false
  document.getElementById('speed').value = pace.speed
  document.getElementById('loop').checked = pace.loops
  document.getElementById('reading').hidden = false
  if (next.kind && frames?.src === form.dataset.src) return draw(shown)
  wait(null)
  form.week.value = form.week.defaultValue
  shown = Number(form.week.value)
  describe()
}

/** `kind` is 'play', 'rest' or null; what was to happen before does not. */
function wait(kind, ms, act) {
  clearTimeout(next.timer)
  next = { kind, timer: kind ? setTimeout(act, ms) : 0 }
  const button = player()?.play
  if (button) button.textContent = kind === 'play' ? '❚❚ Pause' : '▶ Play'
}

async function load() {
  const { src } = player().dataset
  if (frames?.src === src) return true
  const answer = await fetch(src).catch(() => null)
  // Logged out, no longer subscribed, or no connection: the page itself says which.
  if (!answer?.ok || !answer.headers.get('content-type')?.includes('json')) return false
  frames = { ...(await answer.json()), src }
  return true
}

async function goTo(week) {
  if (!(await load())) return location.reload()
  draw(Math.min(Math.max(week, 0), frames.days.length - 1))
  wait('rest', restMs, rest)
}

/** Fetches the page of the week that is drawn. */
function rest() {
  wait(null)
  const form = player()
  form.elements.at.value = frames.days[shown]
  form.requestSubmit()
}

async function togglePlay() {
  if (next.kind === 'play') return rest()
  if (!(await load())) return location.reload()
  if (isLast()) draw(0)
  playOn()
}

const isLast = () => shown === frames.days.length - 1

function playOn() {
  const ms = (isLast() ? pauseMs : playMs) / Number(pace.speed)
  wait('play', ms, () => {
    draw(isLast() ? 0 : shown + 1)
    if (isLast() && !pace.loops) rest()
    else playOn()
  })
}

/** Draws a week over what the server drew. */
function draw(week) {
  const svg = drawing()
  shown = week
  if (svg) {
    svg.classList.add('moving')
    const geometry = JSON.parse(svg.dataset.geometry)
    const { only } = geometry
    const sectors = only ? frames.sectors.filter(({ symbol }) => only.includes(symbol)) : frames.sectors
    const drawn = sectors.map((sector) => drawSector(nodeOf(svg, sector), tailAt(sector, week), geometry))
    showNames(svg, drawn.filter(Boolean), geometry.plot)
  }
  player().week.value = week
  describe()
}

/** Says which week it is, to the eye and to screen readers. */
function describe() {
  const { week, day } = player()
  const date = frames?.src === player().dataset.src ? frames.dates[shown] : day.dataset.date
  day.value = date
  week.setAttribute('aria-valuetext', date)
}

/** A sector's group in the drawing; one that had no place on the day of the page gets one. */
function nodeOf(svg, { symbol, name }) {
  const known = svg.querySelector(`.sector[data-symbol="${CSS.escape(symbol)}"]`)
  if (known?.querySelector('.point')) return known
  known?.remove()
  const prototype = svg.querySelector('.prototype')
  const node = prototype.cloneNode(true)
  node.dataset.symbol = symbol
  const text = document.createElementNS(svg.namespaceURI, 'text')
  text.setAttribute('class', 'name')
  text.textContent = name
  node.querySelector('.point').append(text)
  prototype.before(node)
  return node
}

/** The tail of a sector at a week, oldest first; null when it had no reading then. */
function tailAt({ tracks }, week) {
  const track = tracks.find(({ since, from, readings }) => since <= week && week < from + readings.length)
  if (!track) return null
  const end = week - track.from + 1
  return { readings: track.readings.slice(Math.max(0, end - frames.tail), end), isProvisional: track.isProvisional }
}

/** Null where it is not on the drawing. */
function drawSector(node, tail, { plot, centre, unit, heads, zoom }) {
  node.toggleAttribute('hidden', true)
  list(node.dataset.symbol, null)
  if (!tail) return null
  const spots = tail.readings.map(([ratio, momentum]) => ({
    x: centre.x + (ratio / 1000) * unit.x,
    y: centre.y - (momentum / 1000) * unit.y,
  }))
  const head = spots.at(-1)
  const quadrant = quadrantAt(head, centre)
  list(node.dataset.symbol, quadrant)
  if (zoom !== null && zoom !== quadrant) return null
  node.toggleAttribute('hidden', false)
  for (const one of Object.keys(heads)) node.classList.toggle(one, one === quadrant)
  node.classList.toggle('provisional', tail.isProvisional)
  node.querySelector('.trail').innerHTML = trailThrough(spots, plot, centre)
  const point = node.querySelector('.point')
  const x = Math.min(Math.max(head.x, plot.left + 8), plot.right - 8)
  const y = Math.min(Math.max(head.y, plot.top + 8), plot.bottom - 8)
  point.style.transform = `translate(${x}px, ${y}px)`
  point.querySelector('.head').setAttribute('points', heads[quadrant])
  point.querySelector('.leader')?.remove()
  return { node, x, y, spots }
}

/** The lists beside the map follow it: a sector stands in that of its quadrant. */
function list(symbol, quadrant) {
  const one = document.querySelector(`.members a:has([data-star="${CSS.escape(symbol)}"])`)
  if (!one) return
  one.hidden = !quadrant
  if (quadrant) document.querySelector(`dt:has(.${quadrant}) + .members`).append(one)
}

/** Where a name may stand beside its head: how far off, and which share of it lies left of there. */
const sides = [
  [11, 5, 0],
  [-11, 5, 1],
  [0, -12, 0.5],
  [0, 22, 0.5],
  [9, -8, 0],
  [9, 18, 0],
  [-9, -8, 1],
  [-9, 18, 1],
]

/** Shows the names that find room: the chosen one's in any case, then those of starred sectors and those that were shown before. */
function showNames(svg, drawn, plot) {
  const around = (x, y, reach) => ({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach })
  const taken = [...svg.querySelectorAll('.corner')].map((one) => DOMRect.fromRect(one.getBBox()))
  for (const { x, y, spots } of drawn) {
    taken.push(around(x, y, 8))
    for (const [i, to] of spots.slice(1).entries())
      for (const share of [0, 0.25, 0.5, 0.75])
        taken.push(around(spots[i].x + (to.x - spots[i].x) * share, spots[i].y + (to.y - spots[i].y) * share, 1))
  }
  const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
  const isFree = (box) => box.left > plot.left && box.right < plot.right && !taken.some((one) => meets(one, box))
  const weight = ({ node, name }) =>
    4 * node.matches('.focus') + 2 * !!name.querySelector('[data-star]:not([hidden])') + !name.style.visibility
  const named = drawn.map((one) => ({ ...one, name: one.node.querySelector('.name') })).filter(({ name }) => name)
  for (const { x, y, node, name } of named.sort((a, b) => weight(b) - weight(a))) {
    const { width, height } = name.getBBox()
    const places = sides.map(([dx, dy, share]) => {
      const left = x + dx - width * share
      return { dx, dy, share, left, right: left + width, top: y + dy - 0.65 * height, bottom: y + dy + 0.2 * height }
    })
    const place = places.find(isFree) ?? (node.matches('.focus') && places[0])
    name.style.visibility = place ? '' : 'hidden'
    if (!place) continue
    taken.push(place)
    name.setAttribute('x', place.dx)
    name.setAttribute('y', place.dy)
    name.setAttribute('text-anchor', ['start', 'middle', 'end'][place.share * 2])
  }
}

function trailThrough(spots, plot, centre) {
  const legs = spots.slice(1).flatMap((to, i) =>
    piecesOf(spots[i], to, plot, centre).map(([from, end]) => {
      const opacity = 0.3 + (0.7 * (i + 1)) / (spots.length - 1)
      const middle = { x: (from.x + end.x) / 2, y: (from.y + end.y) / 2 }
      return `<path class="tail ${quadrantAt(middle, centre)}" d="M${from.x} ${from.y}L${end.x} ${end.y}" stroke-opacity="${opacity}"/>`
    }),
  )
  const dots = spots
    .slice(0, -1)
    .filter((spot) => isIn(spot, plot))
    .map((spot) => `<circle class="dot ${quadrantAt(spot, centre)}" cx="${spot.x}" cy="${spot.y}" r="2.2"/>`)
  return [...legs, ...dots].join('')
}

/** The pieces of a leg that lie in one quadrant each, and in the plot. */
function piecesOf(from, to, plot, centre) {
  const at = (share) => ({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share })
  const across = [plot.left, centre.x, plot.right].map((x) => (x - from.x) / (to.x - from.x))
  const down = [plot.top, centre.y, plot.bottom].map((y) => (y - from.y) / (to.y - from.y))
  const cuts = [...across, ...down].filter((share) => share > 0 && share < 1).sort((a, b) => a - b)
  const ends = [0, ...cuts, 1]
  return ends
    .slice(1)
    .map((end, i) => [at(ends[i]), at(end), at((ends[i] + end) / 2)])
    .filter(([, , middle]) => isIn(middle, plot))
}

const isIn = ({ x, y }, { left, right, top, bottom }) => x >= left && x <= right && y >= top && y <= bottom

function quadrantAt({ x, y }, centre) {
  if (x >= centre.x) return y <= centre.y ? 'leading' : 'weakening'
  return y <= centre.y ? 'improving' : 'lagging'
}

/**
 * What a dot or a head says, below the map: for a finger and the keyboard as for a mouse. A sector that is met in the lists beside it
 * or in the table stands out on the map as well.
 */
function read({ target }) {
  const besideAt = (one) => one.closest?.('.members a, .ranks tr')?.querySelector('[data-star], .star')
  const beside = besideAt(target) ?? besideAt(document.activeElement)
  const symbol = beside ? (beside.dataset.star ?? beside.value) : null
  for (const one of document.querySelectorAll('.sector')) one.classList.toggle('met', one.dataset.symbol === symbol)
  const one = target.closest?.('.chosen-from .dot, .chosen-from .point') ?? document.querySelector('.met .point')
  const text = one?.querySelector('title')?.textContent ?? one?.getAttribute('aria-label')
  if (text && !drawing().classList.contains('moving')) document.getElementById('reading').textContent = text
}

/** A star stands in several tables, and its mark on the map: what the pressed one became, the others say too. */
function mirrorStar({ target }) {
  const pressed = target.closest?.('.analyser .star')
  if (!pressed) return
  const isOn = pressed.name === 'star'
  const symbol = CSS.escape(pressed.value)
  const mirror = () => {
    const stars = [...document.querySelectorAll(`.star[value="${symbol}"]`)]
    const fresh = stars.find((one) => (one.name === 'unstar') === isOn)
    if (!fresh) return
    for (const one of stars) {
      for (const name of ['name', 'title', 'aria-pressed']) one.setAttribute(name, fresh.getAttribute(name))
      one.textContent = fresh.textContent
    }
    for (const mark of document.querySelectorAll(`[data-star="${symbol}"]`)) mark.toggleAttribute('hidden', !isOn)
  }
  document.addEventListener('htmx:after:swap', mirror, { once: true })
}

const keys = {
  ArrowLeft: () => goTo(shown - 1),
  ArrowRight: () => goTo(shown + 1),
  Home: () => goTo(0),
  End: () => goTo(Number(player().week.max)),
  ' ': togglePlay,
}

/** In the map and on its slider; what a button or a link does by itself is left alone. */
function press(event) {
  const isPlain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey)
  // At the newest week of the page its link leads nowhere, but one may have stepped back since.
  const idle = event.key === 'Enter' && event.target.closest('#player [data-by]:not([href])')
  const act = idle ? () => idle.click() : keys[event.key]
  if (!act || !isPlain || !event.target.closest('.playable') || event.target.matches('button, summary, select, #loop'))
    return
  event.preventDefault()
  act()
}

/** A link to the week before or after: drawn at once, and led on by itself beyond what can be played, as without this script. */
function step(event) {
  const link = event.target.closest('#player [data-by]')
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
  const week = shown + Number(link.dataset.by)
  if (next.kind === null && (week < 0 || week > Number(player().week.max))) return
  event.preventDefault()
  event.stopPropagation()
  goTo(week)
}

document.addEventListener('click', step, { capture: true })
document.addEventListener('click', (event) => {
  if (event.target.closest('#player [name=play]')) togglePlay()
})
document.addEventListener('input', ({ target }) => {
  if (target.id === 'week') goTo(Number(target.value))
  if (target.id === 'speed') pace.speed = target.value
  if (target.id === 'loop') pace.loops = target.checked
})
document.addEventListener('click', mirrorStar, { capture: true })
document.addEventListener('keydown', press)
for (const kind of ['pointerover', 'focusin', 'click']) document.addEventListener(kind, read)
document.addEventListener('htmx:after:swap', ready)
ready()

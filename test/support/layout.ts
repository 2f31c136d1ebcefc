import type { Page } from 'playwright-core'

/** The narrowest phone that WCAG asks for, a usual phone, a small laptop. */
export const widths = [320, 390, 1280]

/**
 * What does not fit on the page at each width, one line each: the page scrolls sideways; words leave their box, are cut, or a
 * short one is broken in two; a region scrolls that the keyboard cannot reach, or scrolls though it has a laptop's width; a press on a
 * control meets something else. Whatever can be unfolded stays unfolded; the size of the window is put back.
 */
export async function layoutFlawsAtWidths(page: Page): Promise<string[]> {
  const before = page.viewportSize()!
  const flaws: string[] = []
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 })
    const found = (await page.evaluate(`(${inspect})()`)) as string[]
    flaws.push(...found.map((flaw) => `${width} px: ${flaw}`))
  }
  await page.setViewportSize(before)
  return flaws
}

/** Runs inside the page, which knows nothing of this file. */
const inspect = /* js */ `() => {
  for (const details of document.querySelectorAll('details')) details.open = true
  const flaws = new Set()
  const room = document.documentElement.clientWidth
  const nameOf = (element) => {
    const words = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().replace(/\\s+/g, ' ').slice(0, 40)
    const classes = [...element.classList].map((name) => '.' + name).join('')
    return element.localName + (element.id ? '#' + element.id : '') + classes + (words ? ' "' + words + '"' : '')
  }
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
  /** Written for screen readers, or shown only when the keyboard reaches it. */
  const isForReaders = (element) => element.closest('.sr, .skip') !== null
  const scrolls = (style) => /auto|scroll/.test(style.overflowX)
  const cut = /hidden|clip/

  const beyond = document.documentElement.scrollWidth - room
  if (beyond > 0) flaws.add('the page is ' + beyond + ' px too wide')

  /** What holds the words visibly: a box with an edge or ground of its own, or one that cuts or scrolls. */
  const hasEdge = (style) => style.borderLeftStyle !== 'none' && parseFloat(style.borderLeftWidth) > 0 || style.backgroundColor !== 'rgba(0, 0, 0, 0)'
  const isBox = (style) => style.display !== 'inline' && (hasEdge(style) || cut.test(style.overflowX) || scrolls(style))
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const text = texts.currentNode
    const parent = text.parentElement
    if (!text.data.trim() || parent.closest('script, style, option, textarea, noscript, svg') || !isShown(parent) || isForReaders(parent)) continue
    const range = document.createRange()
    range.selectNodeContents(text)
    const rects = [...range.getClientRects()].filter(({ width }) => width > 0)
    if (rects.length === 0) continue
    for (const word of rects.length > 1 && !parent.closest('code, pre') ? text.data.matchAll(/[^\\s/-]+/g) : []) {
      if (!/^(\\p{L}{1,10}|[+−]?₹?[\\d,]+(\\.\\d+)?)[.,:;]?$/u.test(word[0]) || /\\d{9}/.test(word[0])) continue
      range.setStart(text, word.index)
      range.setEnd(text, word.index + word[0].length)
      if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) flaws.add('"' + word[0] + '" is broken in two in ' + nameOf(parent))
    }
    const left = Math.min(...rects.map((rect) => rect.left))
    const right = Math.max(...rects.map((rect) => rect.right))
    let box = parent
    while (box !== document.body && !isBox(getComputedStyle(box))) box = box.parentElement
    const style = getComputedStyle(box)
    if (box !== document.body && scrolls(style)) continue
    const { left: from, right: to } = box === document.body ? { left: 0, right: room } : box.getBoundingClientRect()
    if (left < from - 1 || right > to + 1)
      flaws.add('"' + text.data.trim().slice(0, 40) + '" leaves ' + nameOf(box) + ' by ' + Math.ceil(Math.max(from - left, right - to)) + ' px')
  }

  for (const element of document.querySelectorAll('body *')) {
    const style = getComputedStyle(element)
    if (element.closest('svg') || element.matches('input, select, textarea') || !isShown(element) || isForReaders(element)) continue
    const more = element.scrollWidth - element.clientWidth
    const below = element.scrollHeight - element.clientHeight
    if (below > 1 && cut.test(style.overflowY)) flaws.add(nameOf(element) + ' cuts the lowest ' + below + ' px of what it holds')
    if (more <= 1 || style.display === 'inline') continue
    if (cut.test(style.overflowX)) flaws.add(nameOf(element) + ' cuts ' + more + ' px of what it holds')
    if (scrolls(style) && element.clientWidth > 900) flaws.add(nameOf(element) + ' is as wide as a laptop and hides ' + more + ' px until one scrolls')
    const isReachable = element.tabIndex >= 0 || element.querySelector('a[href], button, input, select')
    if (scrolls(style) && !isReachable) flaws.add(nameOf(element) + ' scrolls, but not with the keyboard')
  }

  for (const text of document.querySelectorAll('svg text')) {
    if (!isShown(text)) continue
    const outer = text.ownerSVGElement.getBoundingClientRect()
    const inner = text.getBoundingClientRect()
    if (inner.left < outer.left - 1 || inner.right > outer.right + 1) flaws.add('the drawing cuts "' + text.textContent.trim() + '"')
  }

  /** The button that shows a password stands in its field, which is padded for it. */
  const standsIn = (met, control) => met.matches('.reveal') && met.previousElementSibling === control
    && parseFloat(getComputedStyle(control).paddingRight) >= met.getBoundingClientRect().width
  const belongs = (met, control) => met !== null && (control.contains(met) || standsIn(met, control) || [...control.labels ?? []].some((label) => label.contains(met)))
  /** The middle and the corners, inside of a round edge; lines of links under one another may share a few pixels. */
  const points = ({ left, right, top, bottom, width, height }, radius) => {
    const inset = Math.max(5, 0.3 * Math.min(radius, width / 2, height / 2) + 1)
    const [x1, x2, y1, y2] = [left + inset, right - inset, top + inset, bottom - inset]
    const [x, y] = [(left + right) / 2, (top + bottom) / 2]
    return x2 < x1 || y2 < y1 ? [[x, y]] : [[x, y], [x1, y1], [x2, y1], [x1, y2], [x2, y2]]
  }
  /** Between the lines of a link that breaks, where both have words; one pixel up, as the very edge may be nobody's. */
  const seams = (rects) => rects.slice(1).flatMap((lower, index) => {
    const upper = rects[index]
    const [from, to] = [Math.max(upper.left, lower.left), Math.min(upper.right, lower.right)]
    return lower.top < upper.top + 5 || to - from < 10 ? [] : [[(from + to) / 2, (upper.bottom + lower.top) / 2 - 1]]
  })
  const at = [scrollX, scrollY]
  for (const control of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')) {
    if (control.closest('svg') || !isShown(control) || isForReaders(control)) continue
    /** What each of its points meets; a head or column that stays in place covers some only until one scrolls on. */
    const met = [['center', 0], ['start', 0], ['end', 0], ['start', -0.6]].map(([inline, further]) => {
      control.scrollIntoView({ block: 'center', inline, behavior: 'instant' })
      const region = control.closest('.table-scroll')
      region?.scrollBy({ left: further * region.clientWidth, behavior: 'instant' })
      const rects = [...control.getClientRects()].filter(({ width, height }) => width > 1 && height > 1)
      const radius = parseFloat(getComputedStyle(control).borderTopLeftRadius)
      return [...rects.flatMap((rect) => points(rect, radius)), ...seams(rects)].map(([x, y]) => document.elementFromPoint(x, y))
    })
    const missed = met[0].findIndex((_, index) => !met.some((found) => belongs(found[index] ?? null, control)))
    if (missed >= 0) flaws.add('a press on ' + nameOf(control) + ' meets ' + (met[0][missed] ? nameOf(met[0][missed]) : 'nothing'))
  }
  scrollTo(...at)
  return [...flaws]
}`

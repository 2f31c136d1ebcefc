// A crosshair over charts of time: the date and values of one bar, taken from the table below the chart, which is there without
// a script too. The slider moves it, by arrow keys too, and so does a pointer over the chart.
for (const chart of document.querySelectorAll('.time-chart')) {
  const drawing = chart.querySelector('.lines')
  if (!drawing) continue
  const rows = [...chart.querySelectorAll('tbody tr')].reverse()
  const places = rows.map((row) => Number(row.dataset.x))
  const cross = drawing.querySelector('.cross')
  const values = [...chart.querySelectorAll('[data-value]')]
  const names = [...chart.querySelectorAll('.readout dt')].map((name) => name.textContent.trim())
  const slider = chart.querySelector('.along input')

  const show = (bar) => {
    const cells = [...rows[bar].cells]
    for (const [i, value] of values.entries()) value.replaceChildren(...cells[i].cloneNode(true).childNodes)
    cross.setAttribute('x1', `${places[bar]}%`)
    cross.setAttribute('x2', `${places[bar]}%`)
    slider.value = bar
    slider.setAttribute('aria-valuetext', cells.map((cell, i) => `${names[i]} ${cell.textContent.trim()}`).join(', '))
  }
  const pointAt = ({ clientX }) => {
    const { left, width } = drawing.getBoundingClientRect()
    const scale = Number.parseFloat(getComputedStyle(drawing).paddingLeft)
    const share = ((100 * (clientX - left - scale)) / (width - scale) - places[0]) / (places.at(-1) - places[0])
    cross.setAttribute('visibility', 'visible')
    show(Math.max(0, Math.min(rows.length - 1, Math.round(share * (rows.length - 1)))))
  }
  drawing.addEventListener('pointermove', pointAt)
  drawing.addEventListener('pointerdown', pointAt)
  slider.addEventListener('input', () => {
    cross.setAttribute('visibility', 'visible')
    show(Number(slider.value))
  })
  slider.parentElement.hidden = false
  show(rows.length - 1)
}

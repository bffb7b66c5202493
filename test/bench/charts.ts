import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent } from 'echarts/components'
import { init, use, type EChartsCoreOption } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { ChartSeries } from './bench.ts'
import type { BenchResults } from './results.ts'

use([BarChart, LineChart, GridComponent, SVGRenderer])

/** Colors that are legible on white and on black. */
const colors: Readonly<Record<string, string>> = {
  authchart: '#2f81f7',
  limit: '#8b949e',
  raw: '#8b949e',
  'h3-actor': '#d1801c',
  'better-sse': '#2da44e',
  'clerk-verify': '#a371f7',
  'clerk-authenticate': '#db61a2',
  'heap per session': '#2f81f7',
  'CPU of a POST': '#d1801c',
  'time of a POST': '#a371f7',
  'CPU of a frame': '#2da44e',
}
const labels: Readonly<Record<string, string>> = {
  limit: 'the limit, by hand',
  raw: 'raw stream, nothing behind it',
  'h3-actor': 'h3 + jose + actor + EventStream',
  'clerk-verify': 'h3 + Clerk verifyToken',
  'clerk-authenticate': 'h3 + Clerk authenticateRequest',
}
const toLabel = (name: string) => labels[name] ?? name
const faint = '#8b949e55'
const text = { fontFamily: 'system-ui, sans-serif', fontSize: 13 }
/**
 * The text follows the color scheme of the reader. A rule takes precedence over the attributes that the library
 * writes.
 */
const style = '<style>text{fill:#1f2328;stroke:none}@media (prefers-color-scheme:dark){text{fill:#e6edf3}}</style>'

/**
 * Draws the charts.
 *
 * @returns one SVG for each chart that was measured, by name
 */
export function drawCharts({ charts }: BenchResults): Map<string, string> {
  const drawn = new Map<string, string>()
  const draw = (name: string, height: number, toOption: (series: readonly ChartSeries[]) => EChartsCoreOption) => {
    const series = charts[name]
    if (series) drawn.set(name, toSvg(toOption(series), height))
  }
  draw('throughput', 260, (series) => toBars(series, 'POSTs of a new token to their frame, per second'))
  draw('latency', 320, (series) =>
    toLines(series, { x: 'percentile', y: 'POST to frame, ms', xType: 'category', scale: 1_000 }),
  )
  draw('memory', 360, (series) =>
    toLines(series, { x: 'open sessions', y: 'heap per session, KB', xType: 'log', scale: 1_000 }),
  )
  draw('growth', 320, (series) =>
    toLines(series.map(toRelative), { x: 'open sessions', y: 'against 1,000 sessions', xType: 'log', scale: 1 }),
  )
  return drawn
}

function toSvg(option: EChartsCoreOption, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height })
  chart.setOption({ animation: false, textStyle: text, ...option })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg.replace('>', `>${style}`)}\n`
}

function toBars(series: readonly ChartSeries[], title: string): EChartsCoreOption {
  const rows = series
    .map(({ name, points }) => ({ name, value: points[0]?.[1] ?? 0 }))
    .toSorted((a, b) => a.value - b.value)
  return {
    grid: { left: 230, right: 72, top: 8, bottom: 48 },
    xAxis: {
      type: 'value',
      name: title,
      nameLocation: 'middle',
      nameGap: 26,
      splitLine: { lineStyle: { color: faint } },
    },
    yAxis: {
      type: 'category',
      data: rows.map(({ name }) => toLabel(name)),
      axisTick: { show: false },
      axisLabel: { fontSize: 13 },
    },
    series: {
      type: 'bar',
      barWidth: '58%',
      label: { show: true, position: 'right', formatter: ({ value }: { value: number }) => value.toLocaleString('en') },
      data: rows.map(({ name, value }) => ({ value, itemStyle: { color: colors[name] } })),
    },
  }
}

interface LineOptions {
  readonly x: string
  readonly y: string
  readonly xType: 'category' | 'log'
  /** The divisor of a value. */
  readonly scale: number
}

function toLines(series: readonly ChartSeries[], { x, y, xType, scale }: LineOptions): EChartsCoreOption {
  const isLog = xType === 'log'
  const sizes = series[0]?.points.map(([at]) => at) ?? []
  return {
    grid: { left: 48, right: 236, top: 40, bottom: 52 },
    xAxis: {
      type: xType,
      name: x,
      nameLocation: 'middle',
      nameGap: 28,
      splitLine: { show: false },
      ...(isLog
        ? { min: sizes[0], max: sizes.at(-1), axisLabel: { customValues: sizes, formatter: toThousands } }
        : { data: sizes.map((at) => `p${at}`), boundaryGap: false }),
    },
    yAxis: {
      type: 'value',
      name: y,
      min: 0,
      nameTextStyle: { align: 'left', padding: [0, 0, 0, -40] },
      splitLine: { lineStyle: { color: faint } },
    },
    series: series.map(({ name, points }) => ({
      type: 'line',
      symbol: 'circle',
      symbolSize: 7,
      lineStyle: { width: 2.5 },
      color: colors[name],
      endLabel: { show: true, formatter: toLabel(name), distance: 10 },
      labelLayout: { moveOverlap: 'shiftY' },
      data: points.map(([at, value]) => (isLog ? [at, value / scale] : value / scale)),
    })),
  }
}

function toRelative({ name, points }: ChartSeries): ChartSeries {
  const first = points[0]?.[1] ?? NaN
  return { name, points: points.map(([at, value]) => [at, value / first]) }
}

const toThousands = (value: number) => value.toLocaleString('en')

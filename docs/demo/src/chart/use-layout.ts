import { useEffect, useState } from 'react'
import type { AnyStateMachine } from 'xstate'
import { layoutGraph, type ChartLayout } from './layout-graph.ts'
import { createMeasureText } from './text-size.ts'
import { toGraph } from './to-graph.ts'

const layouts = new WeakMap<AnyStateMachine, Promise<ChartLayout>>()

/** Returns the layout of a machine. A machine never changes, so it is laid out once in the life of the page. */
function layoutOf(machine: AnyStateMachine): Promise<ChartLayout> {
  let layout = layouts.get(machine)
  if (!layout) {
    layout = import('elkjs/lib/elk.bundled.js').then(({ default: { default: Elk } }) =>
      layoutGraph(new Elk(), toGraph(machine), createMeasureText()),
    )
    layouts.set(machine, layout)
  }
  return layout
}

export function useLayout(machine: AnyStateMachine): { layout: ChartLayout | null; failure: string | null } {
  const [state, setState] = useState<{ of: AnyStateMachine; layout?: ChartLayout; failure?: string } | null>(null)
  useEffect(() => {
    let isCurrent = true
    layoutOf(machine).then(
      (layout) => isCurrent && setState({ of: machine, layout }),
      (error: unknown) => isCurrent && setState({ of: machine, failure: String(error) }),
    )
    return () => {
      isCurrent = false
    }
  }, [machine])
  const mine = state?.of === machine ? state : null
  return { layout: mine?.layout ?? null, failure: mine?.failure ?? null }
}

'use client'

import { useState, useSyncExternalStore } from 'react'

const never = () => () => {}

/**
 * React asks for the value of the server where it renders on one, and where it hydrates. A value that told by itself would
 * differ afterwards, and so cause an urgent update.
 */
function createProbe() {
  let isAsked = false
  return {
    read: () => null,
    readOnServer: () => {
      isAsked = true
      return null
    },
    isAsked: () => isAsked,
  }
}

/** True, for good, in a component that hydrates, or is rendered on a server. */
export function useHydrates(): boolean {
  const probe = createProbe()
  useSyncExternalStore(never, probe.read, probe.readOnServer)
  const [hydrates] = useState(probe.isAsked)
  return hydrates
}

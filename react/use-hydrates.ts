'use client'

import { useState, useSyncExternalStore } from 'react'

const never = () => () => {}

/**
 * Creates a probe that learns if React asks for the server's value, which it does when it renders on a server and when
 * it hydrates. The value itself is always the same, because one that differed after hydration would cause an urgent
 * update.
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

/** True, permanently, in a component that hydrates or is rendered on a server. */
export function useHydrates(): boolean {
  const probe = createProbe()
  useSyncExternalStore(never, probe.read, probe.readOnServer)
  const [hydrates] = useState(probe.isAsked)
  return hydrates
}

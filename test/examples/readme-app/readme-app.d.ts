declare module 'virtual:readme-app' {
  export function App(props: { publishableKey: string }): React.ReactNode
}

import type { ClientSessions } from './client-sessions.ts'
import type { Directory } from './directory.ts'
import type { EmulatorClock } from './emulator-clock.ts'
import type { InstanceSettings } from './emulator-options.ts'
import type { TokenMinter } from './session-token.ts'
import type { SigningKeys } from './signing-keys.ts'

/** The parts that both emulated APIs work on. */
export interface EmulatorParts {
  clock: EmulatorClock
  keys: SigningKeys
  directory: Directory
  clientSessions: ClientSessions
  minter: TokenMinter
  instance: InstanceSettings
  secretKey: string
  publishableKey: string
}

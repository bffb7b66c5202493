import type { InjectionKey, ShallowRef } from 'vue'
import type { AuthClient } from '../browser/index.ts'
import type { ShownAuth } from '../browser/shown-auth.ts'

/** The key of what the plugin provides. It goes by name, so that two copies of the package find each other. */
export const authKey: InjectionKey<{ readonly client: AuthClient; readonly shown: ShallowRef<ShownAuth> }> =
  Symbol.for('authchart')

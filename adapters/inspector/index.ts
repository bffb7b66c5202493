/**
 * A view of the sessions' machines at work.
 *
 * @module authchart/inspector
 */

export { toAnyId, toArrowEnds, toArrowId } from './arrow-ends.ts'
export { createInspector } from './create-inspector.ts'
export type { Inspector, InspectorOptions } from './create-inspector.ts'
export type { LocalPage } from './local-page.ts'
export type { SessionFilter } from './frame-gate.ts'
export type { ShownEvent } from './inspector-frame.ts'
export type { InspectedSession, InspectedStep } from './session-log.ts'
export type { Shown, ShownFields } from './shown-fields.ts'
export { createStatelyInspector } from './stately-inspector.ts'
export type { StatelyInspector, StatelyInspectorOptions } from './stately-inspector.ts'
export { toStatelyJson } from './stately-json.ts'
export type { StatelyJson } from './stately-json.ts'
export { toName } from './to-name.ts'

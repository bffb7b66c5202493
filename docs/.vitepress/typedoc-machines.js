import { Converter, ReferenceType, ReflectionKind } from 'typedoc'

/**
 * A plug-in of TypeDoc. It prints the type of a machine as its name alone, because its arguments repeat the whole chart
 * in hundreds of lines.
 */
export function load({ converter }) {
  converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const { type } of project.getReflectionsByKind(ReflectionKind.Variable)) {
      if (type instanceof ReferenceType && type.name === 'StateMachine') type.typeArguments = undefined
    }
  })
}

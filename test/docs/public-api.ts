import { fileURLToPath } from 'node:url'
import { API, SymbolFlags, type Checker, type Program, type Symbol as ApiSymbol } from 'typescript/unstable/sync'
import { readEntryPoints } from '../entry-points.ts'

/** One name that an entry point of the package exports. */
export interface PublicName {
  /** The entry point and the name, such as `authchart/h3 createAuthServer`. */
  readonly label: string
  readonly name: string
  /** The symbol of the declaration, behind any re-export. */
  readonly symbol: ApiSymbol
}

/** A member of an exported interface or type. */
export interface PublicMember {
  /** The name of the type and of the member, such as `AuthServerOptions.cookie`. */
  readonly label: string
  readonly owner: string
  readonly symbol: ApiSymbol
  /** The text of the type, such as `number | undefined`. */
  readonly type: string
  readonly isMethod: boolean
  readonly isOptional: boolean
}

export interface PublicApi {
  readonly checker: Checker
  readonly program: Program
  /** Every export of every entry point, re-exports of another entry point too. */
  readonly exports: readonly PublicName[]
  /** Every export of every entry point, each declaration once. */
  readonly names: readonly PublicName[]
  /** The members of the exported interfaces and types, each declaration once, without those of other packages. */
  readonly members: readonly PublicMember[]
  readonly close: () => void
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Opens the package with the compiler that builds it, and reads what the `exports` of package.json make public. */
export function openPublicApi(): PublicApi {
  const api = new API({ cwd: root })
  const [project] = api.updateSnapshot({ openProject: `${root}tsconfig.json` }).getProjects()
  if (!project) throw new Error('tsconfig.json opens no project')
  const { checker, program } = project
  const exports = readEntryPoints().flatMap(({ name, source }) => toNames(checker, program, name, root + source))
  const names = distinct(exports)
  const members = distinct(names.flatMap((each) => toMembers(checker, each)))
  return { checker, program, exports, names, members, close: () => api.close() }
}

function toNames(checker: Checker, program: Program, entry: string, file: string): PublicName[] {
  const source = program.getSourceFile(file)
  const module = source && checker.getSymbolAtLocation(source)
  if (!module) throw new Error(`${file} of the entry point ${entry} is no module of the program`)
  return checker.getExportsOfModule(module).map((exported) => ({
    label: `${entry} ${exported.name}`,
    name: exported.name,
    symbol: toTarget(checker, exported),
  }))
}

/** Follows an import or a re-export to the symbol of the declaration. */
export function toTarget(checker: Checker, symbol: ApiSymbol): ApiSymbol {
  return symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

function toMembers(checker: Checker, { name, symbol }: PublicName): PublicMember[] {
  if (!(symbol.flags & (SymbolFlags.Interface | SymbolFlags.TypeAlias))) return []
  return checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
    .filter(({ declarations }) => declarations[0] && !declarations[0].path.includes('/node_modules/'))
    .map((member) => {
      const type = checker.getTypeOfSymbol(member)
      const bare = type && checker.getNonNullableType(type)
      return {
        label: `${name}.${member.name}`,
        owner: name,
        symbol: member,
        type: type ? checker.typeToString(type) : '',
        isMethod: bare ? checker.getSignaturesOfType(bare, 0).length > 0 : false,
        isOptional: (member.flags & SymbolFlags.Optional) !== 0,
      }
    })
}

function distinct<T extends { readonly symbol: ApiSymbol }>(all: readonly T[]): T[] {
  const seen = new Set<string>()
  return all.filter(({ symbol }) => {
    const key = symbol.declarations.map(({ path, index }) => `${path}:${index}`).join(' ')
    return !seen.has(key) && seen.add(key)
  })
}

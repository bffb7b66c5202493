import {
  isArrowFunction,
  isCallExpression,
  isFunctionDeclaration,
  isFunctionExpression,
  isIdentifier,
  isMethodDeclaration,
  isNewExpression,
  isObjectLiteralExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isShorthandPropertyAssignment,
  isSpreadAssignment,
  isThrowStatement,
  isTryStatement,
  isVariableDeclaration,
  type ArrowFunction,
  type FunctionDeclaration,
  type FunctionExpression,
  type MethodDeclaration,
  type Node,
  type ObjectLiteralExpression,
} from 'typescript/unstable/ast'
import type { Symbol as ApiSymbol } from 'typescript/unstable/sync'
import { toTarget, type PublicApi } from './public-api.ts'

/** The names of the classes of the errors that a function throws, or that its promise rejects with. */
export interface ThrownErrors {
  readonly ofFunction: (symbol: ApiSymbol) => ReadonlySet<string>
  /** By the label of a public method, such as `AuthServer.getUser`: what the objects of the package throw there. */
  readonly byMethod: ReadonlyMap<string, ReadonlySet<string>>
}

const none: ReadonlySet<string> = new Set()

/**
 * Finds the errors of the public functions and methods. It follows calls of other functions of the package. It does not
 * follow a call whose function is only known at run time, and it takes a `try` with a `catch` for harmless.
 */
export function findThrownErrors(api: PublicApi): ThrownErrors {
  const ofFunction = createFinder(api)
  return { ofFunction, byMethod: toMethods(api, ofFunction) }
}

function createFinder({ checker }: PublicApi): ThrownErrors['ofFunction'] {
  const known = new Map<string, ReadonlySet<string>>()

  const ofSymbol = (symbol: ApiSymbol): ReadonlySet<string> => {
    const own = toTarget(checker, symbol).declarations.filter(({ path }) => !path.includes('/node_modules/'))
    return union(
      own.map((declaration) => {
        const key = `${declaration.path}:${declaration.index}`
        const found = known.get(key)
        if (found) return found
        // A function that calls itself adds nothing by that.
        known.set(key, none)
        const thrown = ofValue(declaration.resolve())
        known.set(key, thrown)
        return thrown
      }),
    )
  }

  const ofValue = (node: Node | undefined): ReadonlySet<string> => {
    if (!node) return none
    if (isVariableDeclaration(node) || isPropertyAssignment(node)) return ofValue(node.initializer)
    if (isIdentifier(node)) return ofName(node)
    return isFunctionLike(node) && node.body ? ofBody(node.body) : none
  }

  const ofName = (name: Node): ReadonlySet<string> => {
    const symbol = checker.getSymbolAtLocation(name)
    return symbol ? ofSymbol(symbol) : none
  }

  const ofBody = (body: Node): ReadonlySet<string> => {
    const found = new Set<string>()
    const visit = (node: Node): undefined => {
      if (isFunctionLike(node)) return
      if (isTryStatement(node) && node.catchClause) {
        visit(node.catchClause)
        if (node.finallyBlock) visit(node.finallyBlock)
        return
      }
      if (isThrowStatement(node)) {
        const name = checker.getTypeAtLocation(node.expression)?.getSymbol()?.name
        if (name?.endsWith('Error')) found.add(name)
      }
      if (isCallExpression(node) || isNewExpression(node)) {
        const callee = isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression
        if (isIdentifier(callee)) for (const name of ofName(callee)) found.add(name)
      }
      node.forEachChild(visit)
    }
    visit(body)
    return found
  }

  return ofSymbol
}

/** Reads the methods of every object in the package whose type is a public interface. */
function toMethods({ checker, program, members }: PublicApi, ofFunction: ThrownErrors['ofFunction']) {
  const labels = new Set(members.filter(({ isMethod }) => isMethod).map(({ label }) => label))
  const byMethod = new Map<string, ReadonlySet<string>>()

  const readObject = (object: ObjectLiteralExpression) => {
    const type = checker.getContextualType(object)
    const owner = type?.getAliasSymbol()?.name ?? type?.getSymbol()?.name
    for (const property of object.properties) {
      if (isSpreadAssignment(property)) continue
      const symbol = isShorthandPropertyAssignment(property)
        ? checker.getShorthandAssignmentValueSymbol(property)
        : checker.getSymbolAtLocation(property.name)
      const label = `${owner}.${symbol?.name}`
      if (symbol && labels.has(label)) byMethod.set(label, union([byMethod.get(label) ?? none, ofFunction(symbol)]))
    }
  }

  const visit = (node: Node): undefined => {
    if (isObjectLiteralExpression(node)) readObject(node)
    node.forEachChild(visit)
  }
  for (const name of program.getSourceFileNames()) {
    const file = name.includes('/node_modules/') || name.endsWith('.d.ts') ? undefined : program.getSourceFile(name)
    file?.forEachChild(visit)
  }
  return byMethod
}

const isFunctionLike = (
  node: Node,
): node is ArrowFunction | FunctionExpression | FunctionDeclaration | MethodDeclaration =>
  isArrowFunction(node) || isFunctionExpression(node) || isFunctionDeclaration(node) || isMethodDeclaration(node)

const union = (sets: readonly ReadonlySet<string>[]): ReadonlySet<string> => new Set(sets.flatMap((each) => [...each]))

import type { AuthRule } from '../../machines/is-allowed.ts'

const scoped = /^(?:(?:o|org|organization|u|user):)?[^:]+$/
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isName = (value: unknown) => isText(value) && scoped.test(value)

/** Checks each rule, with the words for its error. */
const rules: Readonly<Record<keyof AuthRule, readonly [(value: unknown) => boolean, string]>> = {
  role: [isText, 'a role'],
  permission: [isText, 'a permission'],
  feature: [isName, 'a feature such as reports, user:reports or org:reports'],
  plan: [isName, 'a plan such as pro, user:pro or org:pro'],
  freshness: [(value) => Number.isFinite(value) && Number(value) > 0, 'a number of minutes above 0'],
  impersonation: [(value) => typeof value === 'boolean', 'true or false'],
}

/**
 * @param name The name of the function that was given the rule.
 * @param others The names of options that are not rules.
 * @throws TypeError naming the option that cannot be used: a misspelt rule, or one without a value, would let every
 * user pass
 */
export function requireRule(name: string, rule: object, others: readonly string[] = []): void {
  const known = [...Object.keys(rules), ...others]
  const unknown = Object.keys(rule).find((option) => !known.includes(option))
  if (unknown !== undefined) throw new TypeError(`${name}: ${unknown} is not an option; there are ${known.join(', ')}`)
  for (const [option, [isUsable, what]] of Object.entries(rules)) {
    const value: unknown = rule[option as never]
    if (Object.hasOwn(rule, option) && !isUsable(value)) throw new TypeError(`${name}: ${option} must be ${what}`)
  }
}

import { isQuick } from './effort.ts'

/** The values of one contender in each round. */
export type Samples<Name extends string> = Readonly<Record<Name, number[]>>

/**
 * Measures all contenders in turn, round by round, so that other load on the machine affects all of them alike. Every
 * other round has the reverse order. The first `warmUps` rounds only warm up.
 */
export async function measureRounds<Name extends string>(
  names: readonly Name[],
  { rounds, warmUps = 1 }: { readonly rounds: number; readonly warmUps?: number },
  measure: (name: Name, round: number) => Promise<number>,
): Promise<Samples<Name>> {
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = isQuick ? 0 : -warmUps; round < (isQuick ? 1 : rounds); round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await measure(name, round)
      if (round >= 0) samples[name].push(value)
    }
  }
  return samples
}

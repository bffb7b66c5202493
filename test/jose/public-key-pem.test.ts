import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createKeySource, createTokenVerifier } from '../../adapters/jose/index.ts'
import { createSigningKey, mint, nowMs, signingKey, toPem } from './token-factory.ts'

const pem = toPem(signingKey).trim()
const lines = pem.split('\n')
const body = lines.slice(1, -1).join('')
const toBase64 = (text: string) => Buffer.from(text).toString('base64')

/** The key in the forms that it gets in environment variables, shells, YAML and CI. */
const shapes: Readonly<Record<string, string>> = {
  'as it is': pem,
  'with a line break at its end': `${pem}\n`,
  'with \\n written out': pem.replaceAll('\n', '\\n'),
  'with \\n written out twice over': pem.replaceAll('\n', '\\\\n'),
  'with CRLF': pem.replaceAll('\n', '\r\n'),
  'with CR alone': pem.replaceAll('\n', '\r'),
  'with \\r\\n written out': pem.replaceAll('\n', '\\r\\n'),
  'with \\n written out before each line break': pem.replaceAll('\n', '\\n\n'),
  'with blanks for line breaks': lines.join(' '),
  'without line breaks': lines.join(''),
  'in double quotes': `"${pem}"`,
  'in single quotes, \\n written out': `'${pem.replaceAll('\n', '\\n')}'`,
  'in quotes, with a line break after them': `"${pem.replaceAll('\n', '\\n')}"\n`,
  'indented, as YAML leaves it': lines.map((line) => `    ${line}`).join('\n'),
  'without header and footer': body,
  'without header and footer, in lines': lines.slice(1, -1).join('\n'),
  'in base64': toBase64(pem),
  'in base64, wrapped': toBase64(pem).replaceAll(/.{76}/g, '$&\n'),
  'in base64, with \\n written out inside': toBase64(pem.replaceAll('\n', '\\n')),
}

describe('a PEM key from the environment', () => {
  it.each(Object.entries(shapes))('is accepted %s', async (_, jwtKey) => {
    const verify = createTokenVerifier({ keys: { jwtKey }, clock: () => nowMs, logger: {} })
    await expect(verify(mint())).resolves.toMatchObject({ userId: 'user_1' })
  })

  const { privateKey, publicKey } = createSigningKey()
  const pkcs8 = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const pkcs1 = String(privateKey.export({ type: 'pkcs1', format: 'pem' }))
  const toBody = (text: string) => text.replaceAll(/-----[A-Z ]+-----|\s/g, '')

  it.each([
    ['a PKCS#8 private key', pkcs8],
    ['a PKCS#1 private key', pkcs1],
    ['a private key with \\n written out', pkcs8.replaceAll('\n', '\\n')],
    ['a private key in base64', toBase64(pkcs8)],
    ['a private key without header and footer', toBody(pkcs8)],
    ['a PKCS#1 private key without header and footer', toBody(pkcs1)],
    ['a private key cut off after its header', '-----BEGIN PRIVATE KEY-----'],
    ['a private key behind the public one', `${pem}\n${pkcs8}`],
  ])('is refused if it is %s, and is never quoted', (_, jwtKey) => {
    const error = thrownBy(() => createKeySource({ jwtKey }, { logger: {} }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain('keys.jwtKey is a private key')
    const told = inspect(error, { depth: 9, showHidden: true })
    for (const piece of [pkcs8, pkcs1].flatMap((text) => toBody(text).match(/.{20}/g) ?? [])) {
      expect(told).not.toContain(piece)
    }
  })

  it.each<[string, string, RegExp]>([
    ['that ends after its first line', lines[0]!, /cut off.*\\n/],
    ['with half a body', lines.slice(0, 4).join('\n'), /cut off/],
    ['of the kind PKCS#1', String(publicKey.export({ type: 'pkcs1', format: 'pem' })), /RSA PUBLIC KEY.*openssl/],
    ['of another kind', pem.replaceAll('PUBLIC KEY', 'CERTIFICATE'), /another kind than PUBLIC KEY/],
    ['beside another one', `${pem}\n${pem}`, /not a (readable )?PEM public key/],
    ['that is a secret key', 'sk_test_abcdefghijklmnop', /not a PEM public key/],
    ['that is empty', ' \n', /empty/],
  ])('is refused if it is one %s, and the error says what is wrong', (_, jwtKey, message) => {
    const error = thrownBy(() => createKeySource({ jwtKey }, { logger: {} }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('abcdefgh')
  })
})

function thrownBy(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

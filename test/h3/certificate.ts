import { execFileSync, spawnSync } from 'node:child_process'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Tells if openssl is installed, which makes the certificates. */
export function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0
}

let certificate: Certificate | undefined

/** Makes a self-signed certificate for this machine. One serves a whole test file. */
export function toCertificate(): Certificate {
  certificate ??= createCertificate()
  return certificate
}

function createCertificate(): Certificate {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
  const pem = execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', '-', '-out', '-', ...subject], {
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  })
  const block = (name: string) => new RegExp(`-----BEGIN ${name}-----[^]*?-----END ${name}-----\n`).exec(pem)?.[0] ?? ''
  return { key: block('PRIVATE KEY'), cert: block('CERTIFICATE') }
}

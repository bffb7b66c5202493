import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { toCertificate } from '../h3/certificate.ts'

/**
 * Finds the nginx to test with: the one at `NGINX_PATH`, or else Debian's.
 *
 * @returns null if there is none
 */
export function findNginx(): string | null {
  const path = process.env['NGINX_PATH'] ?? '/usr/sbin/nginx'
  return existsSync(path) ? path : null
}

/** The values that a configuration must contain. */
export interface NginxPlace {
  readonly port: number
  readonly certFile: string
  readonly keyFile: string
}

/** Runs nginx with the configuration of docs/scaling.md. Only its ports, names and certificate are replaced. */
export async function startNginx(nodes: readonly string[]) {
  const page = await readFile(new URL('../../docs/scaling.md', import.meta.url), 'utf8')
  const shown = /```nginx\n(.*?)```/s.exec(page)?.[1] ?? ''
  const replace = (text: string, what: RegExp, by: string) => {
    if (!what.test(text)) throw new Error(`docs/scaling.md no longer shows ${what}`)
    return text.replace(what, by)
  }
  return runNginx(({ port, certFile, keyFile }) => {
    let http = replace(shown, /listen 443 ssl http2;/, `listen 127.0.0.1:${port} ssl http2;`)
    http = replace(
      http,
      /( *server 10\.0\.0\.\d+:3000.*\n)+/,
      nodes.map((node) => `server ${node} max_fails=1 fail_timeout=1s;\n`).join(''),
    )
    http = replace(http, /server_name app\.example\.com;/, 'server_name localhost;')
    http = replace(http, /ssl_certificate [^;]+;/, `ssl_certificate ${certFile};`)
    return replace(http, /ssl_certificate_key [^;]+;/, `ssl_certificate_key ${keyFile};`)
  })
}

/**
 * Runs nginx on a port of its own with a certificate for localhost.
 *
 * @param toHttp writes the content of `http { … }`
 * @returns the port, the certificate, and a function that stops nginx
 */
export async function runNginx(toHttp: (place: NginxPlace) => string) {
  const dir = await mkdtemp(join(tmpdir(), 'authchart-nginx-'))
  const port = await freePort()
  const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const { key, cert } = toCertificate()
  await writeFile(keyFile, key)
  await writeFile(certFile, cert)

  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${dir}/${kind};`)
  const config = [
    'daemon off;',
    // The workers of nginx write long bodies into a folder that belongs to the user who runs the test.
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'worker_processes 1;',
    `pid ${dir}/pid;`,
    `error_log ${dir}/error.log;`,
    'events { worker_connections 4096; }',
    `http {\naccess_log off;\n${temp.join('\n')}\n${toHttp({ port, certFile, keyFile })}\n}`,
  ]
  await writeFile(join(dir, 'nginx.conf'), config.join('\n'))

  const child = spawn(findNginx()!, ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' })
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(await readFile(join(dir, 'error.log'), 'utf8'))
  }
  return {
    port,
    cert,
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => setTimeout(resolve, 10, false))
  })
}

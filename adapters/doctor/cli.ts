#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { parseUrl } from '../parse-url.ts'
import { toLine } from './finding.ts'
import { runDoctor, type DoctorOptions } from './run-doctor.ts'

const usage = `Usage: authchart doctor <url> [options]

Tells from outside what is wrong with the set-up of an app. It signs nobody out; a token
that it tries signs in a session of its own, which ends with the token.

  --base-path <path>   where the endpoints are; default /auth
  --origin <origin>    the origin of the page, if another one than that of <url>
  --token-env <name>   the environment variable with a session token of Clerk to try,
                       as \`await window.Clerk.session.getToken()\` gives it in the page
  --quick              do not wait 15 s for the first ping of the stream

It ends with 0, with 1 after a FAIL, and with 2 if it is called in another way.`

/** Reads the command line. @throws Error that says what is wrong with it */
function readOptions(): DoctorOptions | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'base-path': { type: 'string' },
      origin: { type: 'string' },
      'token-env': { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return null
  const [command, address, ...others] = positionals
  if (command !== 'doctor' || address === undefined || others.length > 0)
    throw new Error('It takes `doctor` and one URL.')
  const basePath = values['base-path']
  if (basePath !== undefined && !/^\/[^?#]*[^/?#]$/.test(basePath))
    throw new Error('--base-path is a path such as /auth.')
  const token = values['token-env'] === undefined ? null : readToken(values['token-env'])
  const origin = values.origin === undefined ? undefined : toUrl('--origin', values.origin)
  return { url: toUrl('<url>', address), basePath, origin, token, ...(values.quick === true && { pingWait: 0 }) }
}

function toUrl(name: string, text: string): URL {
  const url = parseUrl(text)
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url
  throw new Error(`${name} is not an http or https URL, such as https://app.example.com`)
}

function readToken(name: string): string {
  const token = process.env[name]?.trim()
  if (token) return token
  throw new Error(`The environment variable ${name} is not set.`)
}

async function main(): Promise<number> {
  let options
  try {
    options = readOptions()
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    return 2
  }
  if (options === null) {
    console.log(usage)
    return 0
  }
  let failures = 0
  for await (const finding of runDoctor(options)) {
    if (finding.level === 'failure') failures += 1
    console.log(toLine(finding, [options.token ?? '', options.url.password]))
  }
  console.log(
    failures === 0 ? '\nNothing is wrong from outside.' : `\n${failures} ${failures === 1 ? 'fault' : 'faults'}.`,
  )
  return failures === 0 ? 0 : 1
}

process.exitCode = await main()

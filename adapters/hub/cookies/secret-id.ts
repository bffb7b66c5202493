import { hash, randomBytes } from 'node:crypto'

/** 256 random bits as base64url: 43 characters, all of them safe in a cookie (RFC 6265 §4.1.1). */
export const createSecretId = (): string => randomBytes(32).toString('base64url')

/** 96 random bits as base64url, for names that are not secret. */
export const createPublicId = (): string => randomBytes(12).toString('base64url')

/** 48 random bits as base64url, 8 characters: the public name of one server among the others of a deployment. */
export const createNodeId = (): string => randomBytes(6).toString('base64url')

const secretId = /^[\w-]{43}$/

/** @returns true if {@link createSecretId} could have made the text */
export const isSecretId = (text: string): boolean => secretId.test(text)

/** SHA-256 as base64url: the form in which a secret that must be recognised again is kept. */
export const toDigest = (text: string): string => hash('sha256', text, 'base64url')

import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes } from 'node:crypto';
import { sm2 } from 'sm-crypto-v2';
import type { Algorithm, SigningStep } from '../../settings/kinds/http.ts';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { mapLeaves } from '../json.ts';

/** Named texts that templates are filled from. */
export type Variables = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{(\w+)\}/g;

/** Fills a template; throws a configuration error for a name that nothing bears. */
export function fill(template: string, variables: Variables, place: string): string {
  return template.replace(PLACEHOLDER, (_, name: string) => {
    const value = variables[name];
    if (value !== undefined) return value;
    throw fault('template-name', { place, name, names: Object.keys(variables) });
  });
}

/** Fills every text of a JSON value. */
export const fillAll = (value: unknown, variables: Variables, place: string): unknown =>
  mapLeaves(value, (leaf) => (typeof leaf === 'string' ? fill(leaf, variables, place) : leaf));

/**
 * Runs the steps of a signature one after the other; each result is a variable of the later ones. The algorithms are
 * those of OpenSSL (SM3: GB/T 32905, SM4: GB/T 32907); SM2 signatures (GB/T 32918) are DER, over SM3, with the default
 * user id 1234567812345678. Throws a configuration error that names the step and never a value.
 */
export function runSteps(steps: readonly SigningStep[], variables: Variables, place: string): Variables {
  let result = variables;
  for (const step of steps) {
    const at = `${place}.steps.${step.name}`;
    const input = step.parts.map((part) => fill(part, result, at)).join('');
    const material = (template: string | undefined): Buffer =>
      Buffer.from(fill(template ?? '', result, at), step.keyEncoding === 'text' ? 'utf8' : step.keyEncoding);
    try {
      result = { ...result, [step.name]: runStep(step, input, material(step.key), material(step.iv)) };
    } catch (error) {
      throw fault('signing', { place: at, algorithm: step.algorithm, why: messageOf(error) });
    }
  }
  return result;
}

function runStep({ algorithm, encoding }: SigningStep, input: string, key: Buffer, iv: Buffer): string {
  const written = (bytes: Buffer): string =>
    encoding === 'HEX' ? bytes.toString('hex').toUpperCase() : bytes.toString(encoding);
  const given = (): Buffer => Buffer.from(input, encoding === 'HEX' ? 'hex' : encoding);
  switch (algorithm) {
    case 'plain':
      return input;
    case 'md5':
    case 'sha256':
    case 'sm3':
      return written(hash(algorithm, input, 'buffer'));
    case 'hmac-sha256':
    case 'hmac-sm3':
      if (key.length === 0) throw new Error('there is no key');
      return written(createHmac(algorithm.slice(5), key).update(input).digest());
    case 'sm2-sign':
      return written(Buffer.from(sm2.doSignature(input, key.toString('hex'), { hash: true, der: true }), 'hex'));
    case 'sm4-ecb-encrypt':
    case 'sm4-cbc-encrypt': {
      const cipher = createCipheriv(cipherName(algorithm, key), key, algorithm.includes('ecb') ? null : iv);
      return written(Buffer.concat([cipher.update(input, 'utf8'), cipher.final()]));
    }
    case 'sm4-ecb-decrypt':
    case 'sm4-cbc-decrypt':
    case 'aes-ecb-decrypt':
    case 'aes-cbc-decrypt': {
      const decipher = createDecipheriv(cipherName(algorithm, key), key, algorithm.includes('ecb') ? null : iv);
      return Buffer.concat([decipher.update(given()), decipher.final()]).toString('utf8');
    }
  }
}

function cipherName(algorithm: Algorithm, key: Buffer): string {
  const [cipher, mode] = algorithm.split('-');
  return cipher === 'aes' ? `aes-${key.length * 8}-${String(mode)}` : `sm4-${String(mode)}`;
}

/** A word that is used once, 32 hexadecimal digits. */
export const nonce = (): string => randomBytes(16).toString('hex');

import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { messageOf } from '../../../../domain/errors.ts';
import { fault } from '../../../../domain/faults.ts';
import type { FileSettings } from '../../../../settings/schemas/hub.ts';
import { partsOfCertificate } from './certificate.ts';
import { readCrl, type Crl } from './crl.ts';

/** Who is believed. */
export interface Trust {
  /** Root certificates of those who may sign and make seals, or of authorities below them. */
  roots: readonly X509Certificate[];
  /** Lists of revocation; without any, revocation is not looked up. */
  crls: readonly Crl[];
}

/**
 * Reads the roots and lists that hub.yaml names; whoever asks again later gets lists as they are then, as they are
 * replaced every few days. One that cannot be read any more stays as it was last read, and goes out of date by itself.
 * Throws a configuration error where one cannot be read at first.
 */
export function openTrust({ trustedRoots, crls: files = [] }: FileSettings): () => Trust {
  const roots = trustedRoots === undefined ? [] : readRoots(trustedRoots);
  const lists = new Map(files.map((file) => [file, readLists(file)]));
  return () => {
    for (const [file, { changedMs }] of lists) {
      try {
        if (statSync(file).mtimeMs !== changedMs) lists.set(file, readLists(file));
      } catch {
        // As it was.
      }
    }
    return { roots, crls: [...lists.values()].flatMap(({ crls }) => crls) };
  };
}

/** The certificates of a PEM file. Throws a configuration error. */
function readRoots(file: string): X509Certificate[] {
  try {
    const texts = blocksOf(readFileSync(file), 'CERTIFICATE');
    if (texts.length === 0) throw new Error(`${file} holds no certificate in PEM form`);
    const roots = texts.map((bytes) => new X509Certificate(bytes));
    roots.forEach(partsOfCertificate);
    return roots;
  } catch (error) {
    throw fault('roots-unreadable', { why: messageOf(error) });
  }
}

/** The lists of a file, one in DER or any number in PEM. Throws a configuration error. */
function readLists(file: string): { crls: Crl[]; changedMs: number } {
  try {
    const { mtimeMs } = statSync(file);
    const bytes = readFileSync(file);
    const blocks = blocksOf(bytes, 'X509 CRL');
    return { crls: (blocks.length > 0 ? blocks : [bytes]).map(readCrl), changedMs: mtimeMs };
  } catch (error) {
    throw fault('crl-unreadable', { file, why: messageOf(error) });
  }
}

/** What stands in PEM form in a file under a name. */
function blocksOf(file: Buffer, name: string): Buffer[] {
  const text = file.toString('latin1');
  const blocks = text.matchAll(new RegExp(`-----BEGIN ${name}-----([^-]*)-----END ${name}-----`, 'g'));
  return [...blocks].map(([, base64 = '']) => Buffer.from(base64, 'base64'));
}

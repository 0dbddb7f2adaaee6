import { HubError } from '../domain/errors.ts';
import type { FaultCode } from '../domain/faults.ts';
import type { SourceContact } from '../domain/streams.ts';
import { noteContact } from '../store/collection/streams.ts';
import type { Dependencies } from './dependencies.ts';

/** Codes of faults in which the source did answer, and what it said was no answer. */
const GARBLED = new Set<string>([
  'empty-body',
  'broken-body',
  'xml-answer',
  'soap-fault',
  'source-refused',
  'error-answer',
  'total-capped',
  'repeated-page',
  'short-page',
  'source-moved',
  'file-broken',
  'file-incomplete',
] satisfies FaultCode[]);

/**
 * Asks a source something and keeps how it answered: a source that says it has nothing, one that cannot be reached and
 * one that answers nothing by error are three different things. @param delivered whether the answer means records
 */
export async function contacting<T>(
  { db, now }: Pick<Dependencies, 'db' | 'now'>,
  stream: string,
  ask: () => Promise<T>,
  delivered: (answer: T) => boolean | null,
): Promise<T> {
  let answer: T;
  try {
    answer = await ask();
  } catch (error) {
    if (error instanceof HubError && error.code !== 'outside-hours' && error.code !== 'stream-paused') {
      // What is thrown is the source's fault; that it could not be noted shows everywhere else.
      await Promise.allSettled([noteContact(db, stream, contactOf(error), error.message, now())]);
    }
    throw error;
  }
  const records = delivered(answer);
  if (records !== null) await noteContact(db, stream, records ? 'delivered' : 'nothing', null, now());
  return answer;
}

function contactOf(error: HubError): SourceContact {
  if (GARBLED.has(error.code)) return 'garbled';
  return error.kind === 'configuration' ? 'refused' : 'unreachable';
}

import { basename } from 'node:path';
import { LARGEST_EVIDENCE } from '../../domain/casework/outage.ts';
import { fault } from '../../domain/faults.ts';
import { evidenceFrom, type Evidence } from '../../store/casework/evidence.ts';
import { readGiven } from './options.ts';

/** A file that is named on the command line as evidence. Throws a configuration error where it is too large. */
export function readEvidence(file: string): Evidence {
  const content = readGiven(file);
  if (content.length > LARGEST_EVIDENCE)
    throw fault('evidence-too-large', { file, bytes: content.length, most: LARGEST_EVIDENCE });
  return evidenceFrom(basename(file), content);
}

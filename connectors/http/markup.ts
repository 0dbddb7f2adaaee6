import sax from 'sax';
import { fault } from '../../domain/faults.ts';
import type { HubError } from '../../domain/errors.ts';
import { maskNumbers } from '../../domain/library/personal.ts';

/** Where one looks for what a text in angle brackets is. */
const LOOKED_AT = 64 * 1024;
/** Of what a service says of its fault. */
const SHOWN_CHARACTERS = 200;
/** Elements that a web page begins with, whole or in part. */
const OF_PAGES = new Set(['html', 'head', 'body', 'script', 'style', 'meta', 'title', 'center', 'div', 'h1', 'p']);
/** Where SOAP 1.1 and 1.2 say what the fault is and why, by the names of the elements down to there. */
const SOAP_CODE = /\/fault\/(?:faultcode|code(?:\/subcode)*\/value)$/;
const SOAP_REASON = /\/fault\/(?:faultstring|reason\/text)$/;

/** What an answer in angle brackets is, though JSON was expected: a fault of a SOAP service, other XML, or a web page. */
export function markupFault(text: string, place: string): HubError {
  const { root, code, reason } = lookedAt(text);
  if (code !== '' || reason !== '')
    return fault('soap-fault', { place, code, reason: maskNumbers(reason).slice(0, SHOWN_CHARACTERS) });
  if (root !== '' && !OF_PAGES.has(localName(root))) return fault('xml-answer', { place, root });
  return fault('broken-body', { place, characters: text.length, is: 'markup' });
}

/** The fault that a SOAP service says it has, as it does under the status 500; null for any other body. */
export function soapFaultIn(body: Buffer, place: string): HubError | null {
  const text = body.subarray(0, LOOKED_AT).toString('utf8').trimStart();
  if (!text.startsWith('<')) return null;
  const error = markupFault(text, place);
  return error.code === 'soap-fault' ? error : null;
}

const localName = (name: string): string => name.toLowerCase().replace(/^.*:/, '');

function lookedAt(text: string): { root: string; code: string; reason: string } {
  const found = { root: '', code: '', reason: '' };
  const path: string[] = [];
  const parser = sax.parser(true);
  // What comes before it is known, and all of it can be wrong.
  parser.onerror = () => parser.resume();
  parser.onopentag = ({ name }) => {
    if (found.root === '') found.root = name;
    path.push(localName(name));
  };
  parser.onclosetag = () => path.pop();
  parser.ontext = parser.oncdata = (part) => {
    const at = `/${path.join('/')}`;
    if (path[0] !== 'envelope') return;
    if (SOAP_CODE.test(at)) found.code = [found.code, part.trim()].filter(Boolean).join(' ');
    if (SOAP_REASON.test(at)) found.reason = [found.reason, part.trim()].filter(Boolean).join(' ');
  };
  parser.write(text.slice(0, LOOKED_AT));
  return found;
}

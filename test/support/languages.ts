import assert from 'node:assert/strict';
import { HubError } from '../../domain/errors.ts';

/** Words of the English that faults are told in; names and codes of the configuration are none of them. */
const ENGLISH =
  /\b(?:found|expected|nothing|missing|unknown|change it|add or|did you mean|one of|a list|a map|a number|such as|rows?|columns?|characters?|because|where|which)\b/i;

/** Both texts of a fault with several lines have as many of them, and those of the Chinese are Chinese throughout. */
export function assertOneLanguage({ message, zh }: HubError): void {
  const lines = zh.split('\n');
  for (const line of lines) {
    assert.match(line, /\p{Script=Han}/u);
    assert.doesNotMatch(line, ENGLISH);
  }
  assert.ok(Math.abs(lines.length - message.split('\n').length) <= 1, `${zh}\n\n${message}`);
}

/** Passes on what a piece of work throws, once that is seen to be told in one language. */
export function inOneLanguage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof HubError) assertOneLanguage(error);
    throw error;
  }
}

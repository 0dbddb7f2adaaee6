import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

const strength = new ZxcvbnFactory({ dictionary: { ...dictionary }, graphs: adjacencyGraphs });
/** From 0 to 4: from here on a password takes some 10⁸ guesses. */
const STRONG_ENOUGH = 3;

/**
 * Whether a password is too easily guessed (NIST SP 800-63B): common ones, repetitions, rows of keys, dates, and what is
 * known of its owner, such as their login.
 */
export const isGuessable = (password: string, known: readonly string[]): boolean =>
  strength.check(password, [...known]).score < STRONG_ENOUGH;

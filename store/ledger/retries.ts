/** Work that is tried again until it succeeds: rows with `attempts` and `next_attempt_at`, asked with `:at`. */

/** Condition: the row is due. What is put off for far longer than `longest` was so by a wrong clock, and is due. */
export const isDue = (longest: string): string =>
  `(next_attempt_at <= :at OR next_attempt_at > :at::timestamptz + interval '${longest}' * 2)`;

/**
 * When the row is due again: twice as long after each attempt from a minute on, or after `asked` where that is longer;
 * after `longest` at most.
 */
export const nextAttemptAt = (longest: string, asked = `interval '0'`): string =>
  `:at::timestamptz + least(
     greatest(interval '1 minute' * power(2, least(attempts, 20) - 1), ${asked}), interval '${longest}')`;

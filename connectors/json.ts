/** Digits that a JavaScript number cannot hold exactly. */
const LONG_NUMBER = /[:,[]\s*-?\d[\d.]{15,}/;

/** Parses JSON; numbers of 16 digits and more keep every digit, as text. Throws a SyntaxError for text that is no JSON. */
export const parseKeepingDigits = (text: string): unknown =>
  LONG_NUMBER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return String(value) === context.source || context.source.replace(/\D/g, '').length < 16 ? value : context.source;
}

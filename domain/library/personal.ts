import { idNumberFault, isOldIdNumber } from './identifiers.ts';

/** Runs of digits, also in full width, that are long enough for a 公民身份号码. */
const RUN = /[\d０-９]{15,}[XxＸｘ]?/g;
const OLD_LENGTH = 15;
const LENGTH = 18;
/** First two digits of the area code: provinces, 83 of residence permits (港澳台居民居住证 81 to 83), 91 of foreigners. */
const PROVINCE = /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[01])/;

/** Whether digits are shaped as a number of somebody: a birth date that exists, whatever the check character is. */
const hasBirth = (digits: string): boolean => /^\d{6}(?:18|19|20)/.test(digits) && idNumberFault(digits) !== 'shape';

/** Where numbers of somebody stand in a run of digits: the whole of it, or any 18 characters within that a place begins. */
function placesIn(run: string): [start: number, end: number][] {
  // The form until 1999 has no century and no check character.
  if (run.length === OLD_LENGTH) return PROVINCE.test(run) && isOldIdNumber(run) ? [[0, OLD_LENGTH]] : [];
  if (run.length === LENGTH) return hasBirth(run) ? [[0, LENGTH]] : [];
  const places: [number, number][] = [];
  for (let start = 0; start + LENGTH <= run.length; start++) {
    const part = run.slice(start, start + LENGTH);
    if (!PROVINCE.test(part) || !hasBirth(part)) continue;
    places.push([start, start + LENGTH]);
    start += LENGTH - 1;
  }
  return places;
}

/**
 * A text with every 公民身份号码 in it hidden but for its ends, wherever it stands: of 18 characters or 15 digits, also
 * within longer digits. What else is in the text stays.
 */
export const maskNumbers = (text: string): string =>
  text.replace(RUN, (run) =>
    placesIn(run.normalize('NFKC').toUpperCase()).reduceRight(
      (masked, [start, end]) => `${masked.slice(0, start + 4)}******${masked.slice(end - 2)}`,
      run,
    ),
  );

import type { Certificate, Holder } from '../library/certificate.ts';
import { foldName } from '../library/spelling.ts';
import type { Said } from '../said.ts';

/** How a portal made sure of who somebody is (实名等级), the weakest first. */
export const STRENGTHS = {
  account: { zh: '未实名', en: 'an account, and nothing else' },
  named: { zh: '实名', en: 'name and number checked against the register' },
  person: { zh: '实人', en: 'the person: by face, by identity card or by a digital certificate' },
} as const satisfies Record<string, Said>;
export type Strength = keyof typeof STRENGTHS;

const WEAKEST_FIRST = Object.keys(STRENGTHS);
export const isStrong = (given: Strength, least: Strength): boolean =>
  WEAKEST_FIRST.indexOf(given) >= WEAKEST_FIRST.indexOf(least);

/** Code types (持证主体代码类型) of sources that do not tell which: 其他 of organisations and of people. */
const OTHER_TYPES: readonly string[] = ['099', '999'];

/** Whether somebody holds a certificate: code, name however it is spelt, and kind of code are theirs. */
export const isHolderOf = ({ code, name, codeType }: Holder, { holders }: Pick<Certificate, 'holders'>): boolean =>
  holders.some(
    (each) =>
      each.code === code &&
      foldName(each.name) === foldName(name) &&
      (each.codeType === codeType || OTHER_TYPES.includes(each.codeType)),
  );

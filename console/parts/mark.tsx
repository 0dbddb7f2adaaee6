import type { ReactNode } from 'react';

/** How things stand, by shape as well as colour. */
export type Tone = 'good' | 'calm' | 'warn' | 'bad' | 'off';
const SHAPES: Record<Tone, string> = { good: '✔', calm: '○', warn: '◆', bad: '▲', off: '–' };

/** A state: a word with a shape before it. */
export const Mark = ({ tone, children }: { tone: Tone; children: ReactNode }) => (
  <span className={`mark tone-${tone}`}>
    <span aria-hidden="true">{SHAPES[tone]}</span> {children}
  </span>
);

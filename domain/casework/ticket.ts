import type { Said } from '../said.ts';

/** What a ticket is called that a list has without a number, or cannot be read; by its content it is known again. */
export const UNNUMBERED = {
  list: 'the whole list',
  place: (number: number): string => `entry ${number}`,
  content: (hash: string): string => `without a number, ${hash}`,
};

/** What a ticket is called, as people read it: its number, else one of {@link UNNUMBERED}. */
export function ticketInWords(ticket: string): Said {
  if (ticket === UNNUMBERED.list) return { zh: '整份清单', en: ticket };
  const [, place] = /^entry (\d+)$/.exec(ticket) ?? [];
  if (place !== undefined) return { zh: `第 ${place} 条`, en: ticket };
  const [, content] = /^without a number, ([0-9a-f]{12})$/.exec(ticket) ?? [];
  return { zh: content === undefined ? ticket : `无编号，${content}`, en: ticket };
}

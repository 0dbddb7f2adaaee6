import type { TimeFormat } from '../settings/kinds/stream.ts';
import { shanghaiInstant, shanghaiWallTime } from '../domain/dates.ts';

/** An instant as a source writes it, Shanghai time where the form has no offset. */
export function writeTime(atMs: number, format: TimeFormat): string | number {
  if (format === 'epoch-ms') return atMs;
  if (format === 'epoch-s') return Math.floor(atMs / 1000);
  if (format === 'iso') return shanghaiInstant(atMs);
  const text = shanghaiWallTime(atMs);
  if (format === 'datetime') return text;
  if (format === 'compact') return text.replace(/\D/g, '');
  return `${text}.${String(atMs % 1000).padStart(3, '0')}`;
}

/** Smallest step of a form, milliseconds. */
export const resolutionMs = (format: TimeFormat): number =>
  format === 'datetime' || format === 'epoch-s' || format === 'compact' ? 1000 : 1;

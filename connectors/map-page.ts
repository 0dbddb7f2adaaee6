import { waits } from '../domain/validation.ts';
import type { Page } from './contract.ts';
import type { MappedPage, Mapping, PageContext } from './mapping.ts';
import type { CompareFields } from './source-contract.ts';

/** Maps a page and holds its fields against the stream's contract with its source, which may reject further records. */
export async function mapPage(
  { map }: Pick<Mapping, 'map'>,
  page: Pick<Page, 'records' | 'undecodable' | 'warnings'>,
  context: Pick<PageContext, 'readAt' | 'catalog'>,
  compare: CompareFields,
): Promise<MappedPage> {
  const mapped = map(page, context);
  // A record that waits for an entry of its type is sound, and its fields are known.
  const outcomes = mapped.outcomes.map((problems) => (problems?.every(waits) ? null : problems));
  const found = await compare(page.records, outcomes);
  return found.size === 0 ? mapped : map(page, { ...context, found });
}

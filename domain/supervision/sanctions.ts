/** What a regulation has for work that is not right, and what it is called in this city: of the profile (supervision). */
export interface Sanctions {
  /** What a unit is asked to rectify within a term by: 责令限期改正 where the regulation has it, 督办 elsewhere. */
  order: { name: string };
  /**
   * What follows where that is not done in time: 书面通报 with its article where the regulation has it, a letter (督办函)
   * without one elsewhere; left out, where nothing does.
   */
  notice?: { name: string; article?: string | undefined } | undefined;
  /** The items (项) of the regulation that a finding falls under; none where it has no such list. */
  items: readonly FindingItem[];
  /** The article by which a deadline can be exempted (容错); left out, where there is none. */
  exemption?: { article: string } | undefined;
}

/** An item (项) of the article that orders to rectify rest on, such as 许昌第三十一条（五）. */
export interface FindingItem {
  /** Its number as it is printed, for example 五. */
  id: string;
  /** Its text in a few words of the regulation. */
  text: string;
  /** What leads to it by itself: rules of the patrol (`patrol/ID`), kinds of inspection, rules of deadlines. */
  foundBy: readonly string[];
}

/** The item that a finding falls under, as somebody said, or else by what it was found by; null where nobody knows yet. */
export const itemOf = (
  { items }: Pick<Sanctions, 'items'>,
  { item, foundBy }: { item: string | null; foundBy: string },
): FindingItem | null =>
  items.find((candidate) => (item === null ? candidate.foundBy.includes(foundBy) : candidate.id === item)) ?? null;

/** A text in both languages that the hub speaks. */
export interface Said {
  zh: string;
  en: string;
}

import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';

export type Language = 'zh' | 'en';
const KEPT_AS = 'hub-language';

export const currentLanguage = (): Language => (localStorage.getItem(KEPT_AS) === 'en' ? 'en' : 'zh');

interface LanguageChoice {
  language: Language;
  choose: (language: Language) => void;
  /** One text in the language that is chosen. */
  say: (zh: string, en: string) => string;
  /** As `say`, for what the domain has names for in both. */
  name: (pair: { readonly zh: string; readonly en: string }) => string;
}

const Context = createContext<LanguageChoice | null>(null);

/** Chinese first; the choice stays with the browser. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(currentLanguage);
  const choice = useMemo<LanguageChoice>(
    () => ({
      language,
      choose: (chosen) => {
        localStorage.setItem(KEPT_AS, chosen);
        setLanguage(chosen);
      },
      say: (zh, en) => (language === 'zh' ? zh : en),
      name: (pair) => pair[language],
    }),
    [language],
  );
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    document.title = language === 'zh' ? '电子证照枢纽' : 'Certificate hub';
  }, [language]);
  return <Context.Provider value={choice}>{children}</Context.Provider>;
}

export function useLanguage(): LanguageChoice {
  const choice = useContext(Context);
  if (!choice) throw new Error('no language');
  return choice;
}

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DUTIES } from '../../../domain/ledger/duties.ts';
import { FUNCTIONS, SERVED, servedDuties } from '../../../domain/ledger/served.ts';
import { loadConfig } from '../../../settings/load.ts';

const ROOT = join(import.meta.dirname, '../../..');
const profile = (jurisdiction: string) =>
  loadConfig({ folder: join(ROOT, 'config'), demo: true, jurisdiction }).jurisdiction;

/** Every duty of the five regulations, as they were read article by article. */
const EVERY: Record<string, [letters: string, numbers: string]> = {
  wuxi: [
    'WX',
    '4.3 4.5 4.6 4.6b 5 6 7a 7b 7c 8 9 10a 10b 11a 11b 11c 12a 12b 13 14 15 16 17 18a 18b 18c 19 20 21 22 23a 23b 24 25',
  ],
  xuchang: [
    'XC',
    '3 4 6 7 8 9 10 11 12 13a 13b 13c 13d 14a 14b 14c 15 16 17 18 19 19b 20 21 21b 22/32 23 24 25 26 27 28 29 30 31',
  ],
  keqiao: ['KQ', '5 5b 6 8 9 9b 10 11a 11b 11c 11d 12a 12b 12c 13 14 15 16 17a 17b 17c'],
  ordos: ['EO', '4.2 4.3 4.4 5 7 8a 8b 8c 8d 8e 9a 9b 10a 10b 11 12 13 14a 14b 15 16 16b 17 19 20a 20b 21 22 23 24 25'],
  shanghai: [
    'SH',
    '5 7a 7b 8a 8b 8c 9 9b 10 11a 11b 12 13 14 15a 15b 16 17 18 19 20 20b 22 23a 23b 24 25 26 27 27b 28 29 30',
  ],
};
const CITIES = Object.keys(EVERY);

describe('what serves the duties of the regulations', () => {
  for (const [city, [letters, numbers]] of Object.entries(EVERY)) {
    const duties = servedDuties(profile(city));

    it(`${city}: every duty of the text is there, in its order, once`, () =>
      assert.deepEqual(
        duties.map(({ id }) => id),
        numbers.split(' ').map((number) => `${letters}-${number}`),
      ));

    it(`${city}: each says what serves it, or what is missing, or why nothing is asked`, () => {
      for (const { id, quote, article, served, tasks, functions, note } of duties) {
        assert.match(article, /^第.+[条款）]/, id);
        assert.ok(quote.length > 4, id);
        assert.equal(functions.length > 0, served === 'served' || served === 'partly', id);
        assert.equal(note !== '', served !== 'served', id);
        if (tasks.length > 0) assert.ok(functions.length > 0, id);
      }
    });

    it(`${city}: the page of documentation has each with its state`, () => {
      const page = readFileSync(join(ROOT, 'docs/duties.md'), 'utf8');
      for (const { id, article, quote, served } of duties)
        assert.ok(page.includes(`| ${id} | ${article} | ${quote} | ${SERVED[served].zh} |`), id);
    });
  }

  it('every function has tests, which are there, and serves something', () => {
    const used = new Set(CITIES.flatMap((city) => servedDuties(profile(city))).flatMap(({ functions }) => functions));
    for (const [name, { tests }] of Object.entries(FUNCTIONS)) {
      for (const test of tests) assert.ok(existsSync(join(ROOT, 'test', test)), `${name}: ${test}`);
      assert.ok(used.has(name as keyof typeof FUNCTIONS), name);
    }
  });

  it('every kind of deadline is owed under some regulation, but the one that an own reading asks for', () => {
    const watched = new Set(CITIES.flatMap((city) => profile(city).rules).flatMap(({ duties }) => duties));
    assert.deepEqual(
      Object.keys(DUTIES).filter((duty) => !watched.has(duty as keyof typeof DUTIES)),
      ['dispute-receipt'],
    );
  });
});

describe('the legal basis that README and docs name', () => {
  const NAMES: Record<string, RegExp> = {
    wuxi: /(?:Wuxi|无锡|WX)[^第\n]{0,4}$/,
    xuchang: /(?:Xuchang|许昌|XC)[^第\n]{0,4}$/,
    keqiao: /(?:Keqiao|柯桥|KQ)[^第\n]{0,4}$/,
    ordos: /(?:Ordos|鄂尔多斯|EO)[^第\n]{0,4}$/,
    shanghai: /(?:Shanghai|上海|SH)[^第\n]{0,4}$/,
  };
  const profiles = new Map(CITIES.map((city) => [city, JSON.stringify(profile(city))]));
  const pages = ['.', 'docs', 'docs/connectors', 'docs/adr'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  );

  /** Articles that a page names and no profile, or not that of the city that it names, has. */
  const unfounded = (text: string): string[] =>
    [...text.matchAll(/(?<=(?<before>.{0,20}))(?<article>第[一二三四五六七八九十]+条)/gu)].flatMap(({ groups }) => {
      const { before = '', article = '' } = groups ?? {};
      const cities = CITIES.filter((city) => NAMES[city]?.test(before));
      const law = /[\p{Script=Han}]+法$/u.exec(before)?.[0] ?? '';
      const wanted = `${law}${article}`;
      const held = (cities.length > 0 ? cities : CITIES).some((city) => profiles.get(city)?.includes(wanted));
      return held ? [] : [wanted];
    });

  it('is in the profiles, in that of the city where one is named', () => {
    assert.ok(pages.includes('README.md') && pages.includes('docs/deadlines.md'));
    for (const page of pages) assert.deepEqual(unfounded(readFileSync(join(ROOT, page), 'utf8')), [], page);
  });

  it('is missed where it is not', () => {
    assert.deepEqual(unfounded('as 第四十条 has it, 柯桥第三十一条, 民法第十一条'), [
      '第四十条',
      '第三十一条',
      '民法第十一条',
    ]);
    assert.deepEqual(unfounded('电子签名法第十一条, Wuxi 第六条'), []);
  });
});

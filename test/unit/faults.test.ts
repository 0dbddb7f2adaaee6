import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { ROOT } from '../../settings/root.ts';
import { ownFault } from '../../domain/errors.ts';
import { fault, faultInWords, FAULTS, keptFault } from '../../domain/faults.ts';
import type { Fault } from '../../domain/faults/fault.ts';

const TABLES = globSync('domain/faults/*.ts', { cwd: ROOT });
const PRODUCT = globSync(
  ['activities', 'cli', 'connectors', 'domain', 'launch', 'server', 'settings', 'store', 'temporal'].map(
    (storey) => `${storey}/**/*.ts`,
  ),
  { cwd: ROOT, exclude: (name) => name === 'faults' },
);
const ENTRIES = Object.entries<Fault>(FAULTS);

/** The texts of one language in the tables; what is known only when it happens is `∎`. */
function textsOf(language: 'zh' | 'en'): string[] {
  const texts: string[] = [];
  for (const file of TABLES) {
    const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest);
    const visit = (node: ts.Node, within: boolean): void => {
      const inside =
        ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)
          ? node.name.text === language || (language === 'zh' && node.name.text === 'brief')
          : within;
      if (within && ts.isStringLiteralLike(node)) texts.push(node.text);
      else if (within && ts.isTemplateExpression(node))
        texts.push([node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join('∎'));
      ts.forEachChild(node, (child) => visit(child, inside));
    };
    visit(source, false);
  }
  return texts;
}

describe('the faults of the hub', () => {
  it('have codes of lower-case words', () => {
    assert.ok(ENTRIES.length > 150);
    assert.deepEqual(
      ENTRIES.map(([code]) => code).filter((code) => !/^[a-z]+(?:-[a-z]+)*$/.test(code)),
      [],
    );
  });

  it('stand in one table each', () => {
    const codes = TABLES.flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^ {2}'?([a-z-]+)'?: \{ ?(?:\n {4})?kind: '/gm)].map(
        ([, code]) => code,
      ),
    );
    assert.deepEqual(codes.toSorted(), Object.keys(FAULTS).toSorted());
  });

  it('are each raised somewhere', () => {
    const product = PRODUCT.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n');
    assert.deepEqual(
      ENTRIES.map(([code]) => code).filter(
        (code) => !new RegExp(`(?:fault\\([^,;]*|: |\\| |, )'${code}'`).test(product),
      ),
      [],
    );
  });

  it('are answered by the API where they are the request’s, and tell pages their cures without facts', () => {
    for (const [code, { kind, status, field, brief, cure }] of ENTRIES) {
      assert.ok((status === undefined && field === undefined) || kind === 'configuration', code);
      assert.ok(brief === undefined || typeof cure === 'object', code);
    }
  });

  it('say themselves in both languages', () => {
    assert.ok(textsOf('zh').length > 250);
    for (const file of TABLES) assert.doesNotMatch(readFileSync(join(ROOT, file), 'utf8'), /\b(?:zh|en|brief): ''/);
    for (const text of textsOf('en')) assert.doesNotMatch(text, /[，；：（）。]/, text);
  });

  it('have Chinese punctuation in Chinese', () => {
    const half = textsOf('zh').filter(
      (text) =>
        /[\p{Script=Han}”][,;:()]|[,;:()][\p{Script=Han}“]/u.test(text) ||
        (/\p{Script=Han}/u.test(text) && /∎[,;:(]|[,;:] ?∎|\.$/u.test(text)),
    );
    assert.deepEqual(half, []);
  });

  it('are kept by their code and what is known of them, and said in both languages when they are read', () => {
    const kept = keptFault(fault('file-too-large', { limitBytes: 5_000_000 }));
    assert.deepEqual(JSON.parse(kept), { code: 'file-too-large', facts: { limitBytes: 5_000_000 } });
    const { zh, message } = fault('file-too-large', { limitBytes: 5_000_000 });
    assert.deepEqual(faultInWords(kept), { zh, en: message });
    assert.deepEqual(faultInWords(keptFault(fault('contact-none'))).zh, '专人未备案');
    const own = ownFault('transient', 'pigeon-lost', { zh: '信鸽未归', en: 'the pigeon is lost' });
    assert.deepEqual(faultInWords(keptFault(own)), { zh: '信鸽未归', en: 'the pigeon is lost' });
    const sentence = 'the mail server did not take the message: 451';
    assert.deepEqual(faultInWords(sentence), { zh: sentence, en: sentence }, 'as it was kept before');
    assert.deepEqual(faultInWords('{"code":"gone-since"}'), { zh: 'gone-since', en: 'gone-since' });
  });
});

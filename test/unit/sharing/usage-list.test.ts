import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listChanges, type UsageItem } from '../../../domain/sharing/usage-list.ts';

const item = (change: Partial<UsageItem> = {}): UsageItem => ({
  code: 'A-1',
  name: '施工许可',
  scenario: '受理',
  types: ['T1', 'T2'],
  ...change,
});
const brief = (before: UsageItem[], after: UsageItem[]) =>
  listChanges(before, after).map(({ change, use }) => `${change} ${use.scenario} ${use.typeCode}`);

describe('how a list of uses differs from another', () => {
  it('in the uses that are new, gone or otherwise, whatever rows they stand in', () => {
    assert.deepEqual(brief([item()], [item({ types: ['T2'] }), item({ types: ['T1'] })]), []);
    assert.deepEqual(brief([item()], [item({ types: ['T1', 'T3'] })]), ['added 受理 T3', 'removed 受理 T2']);
    assert.deepEqual(brief([item()], [item({ scenario: '核验' })]).length, 4);
    assert.deepEqual(brief([item()], [item({ interfaces: ['find', 'file'], types: ['T1'] })]), [
      'changed 受理 T1',
      'removed 受理 T2',
    ]);
  });

  it('not in what a list may leave out, nor in the order of fields', () => {
    assert.deepEqual(brief([item()], [item({ interfaces: ['verify', 'find'] })]), []);
    assert.deepEqual(brief([item({ fields: ['name', 'number'] })], [item({ fields: ['number', 'name'] })]), []);
    const [change] = listChanges([item({ fields: ['name'] })], [item({ fields: ['number'] })]);
    assert.deepEqual([change?.before?.fields, change?.use.fields], [['name'], ['number']]);
  });
});

import { describe, it } from 'node:test';
import { tool } from '../support/tool.ts';

describe('the types', () => {
  for (const project of ['.', 'console'])
    it(`hold: ${project}`, () => tool('node_modules/typescript/bin/tsc', '-p', project));
});

import { it } from 'node:test';
import { tool } from '../support/tool.ts';

it('the source keeps the rules, who may import whom among them', () => tool('node_modules/eslint/bin/eslint.js', '.'));

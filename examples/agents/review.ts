import { defineAgent } from '@braid/sdk';
import { isCode, isTest } from './_files';

type Focus = 'security' | 'size' | 'tests';
type Input = { readonly focus: Focus; readonly diff: string };
type Opinion = { readonly verdict: 'approve' | 'reject'; readonly because: string };

const key = /(?:password|secret|token|api[_-]?key)\w*["']?\s*[:=]\s*["'][^"'\s]{8,}["']/i;
const largest = 400;

/** Reads the unified diff of a change with one thing in mind, and says what it thinks of it. */
export default defineAgent<Input>({
  name: 'review.change',
  description: 'A verdict on a change: security, size or tests',
  inputSchema: {
    type: 'object',
    required: ['focus', 'diff'],
    properties: { focus: { enum: ['security', 'size', 'tests'] }, diff: { type: 'string' } },
  },
  run: ({ focus, diff }): Opinion => {
    const lines = diff.split('\n');
    const added = lines.filter((line) => line.startsWith('+') && !line.startsWith('+++'));
    const files = lines.flatMap((line) => /^\+\+\+ b\/(.+)$/.exec(line)?.[1] ?? []);
    return opinions[focus](added, files);
  },
});

const opinions: Readonly<Record<Focus, (added: readonly string[], files: readonly string[]) => Opinion>> = {
  security: (added) => {
    const count = added.filter((line) => key.test(line)).length;
    return judge(count === 0, count === 0 ? 'no key in sight' : `${count} lines look like a key`);
  },
  size: (added) => judge(added.length <= largest, `${added.length} lines are added`),
  tests: (_added, files) => {
    const tests = files.filter(isTest).length;
    const code = files.filter(isCode).length - tests;
    return judge(code <= 0 || tests > 0, `${code} files of code and ${tests} of tests are changed`);
  },
};

const judge = (good: boolean, because: string): Opinion => ({ verdict: good ? 'approve' : 'reject', because });

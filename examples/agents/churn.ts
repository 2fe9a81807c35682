import { defineAgent, NonRetryableError } from '@braid/sdk';
import { add, top } from './_files';

type Input = { readonly log: string };

const header = /^commit ([0-9a-f]+) (\d+) (.*)$/;

/** Reads `git log --name-only --format="commit %h %at %an"`: who changed what how often. */
export default defineAgent<Input>({
  name: 'audit.churn',
  description: 'Files and people that change a repository most, from its history',
  inputSchema: { type: 'object', required: ['log'], properties: { log: { type: 'string' } } },
  run({ log }) {
    const files = new Map<string, number>();
    const authors = new Map<string, number>();
    const moments: number[] = [];
    for (const line of log.split('\n')) {
      const [, , at, author] = header.exec(line) ?? [];
      if (author !== undefined) {
        moments.push(Number(at) * 1_000);
        add(authors, author);
      } else if (line !== '') add(files, line);
    }
    if (moments.length === 0) throw new NonRetryableError('the history holds no commit', { type: 'NoHistory' });
    return {
      commits: moments.length,
      from: new Date(Math.min(...moments)).toISOString(),
      to: new Date(Math.max(...moments)).toISOString(),
      authors: top(authors, 5),
      files: top(files, 8),
    };
  },
});

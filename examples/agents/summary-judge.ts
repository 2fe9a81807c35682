import { defineAgent } from '@braid/sdk';
import { countsOf, wordsIn } from './_words';

type Draft = { readonly text: string };
type Input = { readonly drafts: Readonly<Record<string, Draft>>; readonly text: string };

/** Chooses the draft with the most of what the text speaks of; of equal ones the shorter. */
export default defineAgent<Input>({
  name: 'summary.judge',
  description: 'Which of several summaries says most of a text',
  inputSchema: {
    type: 'object',
    required: ['drafts', 'text'],
    properties: { drafts: { type: 'object', minProperties: 1 }, text: { type: 'string' } },
  },
  run: ({ drafts, text }) => {
    const counts = countsOf(text);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const judged = Object.entries(drafts).map(([name, draft]) => {
      const said = [...new Set(wordsIn(draft.text))].reduce((sum, word) => sum + (counts.get(word) ?? 0), 0);
      return { name, share: Math.round((said / Math.max(1, total)) * 100), summary: draft.text };
    });
    const [best] = judged.toSorted((a, b) => b.share - a.share || a.summary.length - b.summary.length);
    const because = judged.map(({ name, share }) => `${name} says ${share}% of the text`).join(', ');
    return { best: best?.name ?? '', because, summary: best?.summary ?? '' };
  },
});

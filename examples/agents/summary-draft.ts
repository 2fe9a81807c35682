import { defineAgent } from '@braid/sdk';
import { countsOf, sentencesIn, wordsIn } from './_words';

type Way = 'beginning' | 'paragraphs' | 'weight';
type Input = { readonly way: Way; readonly text: string; readonly words: number };

/** Drafts a summary out of sentences of the text itself, at most so many words long. */
export default defineAgent<Input>({
  name: 'summary.draft',
  description: 'A summary made of sentences of the text: its beginning, those that open paragraphs, or the weightiest',
  inputSchema: {
    type: 'object',
    required: ['way', 'text', 'words'],
    properties: {
      way: { enum: ['beginning', 'paragraphs', 'weight'] },
      text: { type: 'string' },
      words: { type: 'integer' },
    },
  },
  run: ({ way, text, words }) => {
    const chosen: string[] = [];
    let left = words;
    for (const sentence of ways[way](text)) {
      const length = sentence.split(' ').length;
      if (length > left) continue;
      left -= length;
      chosen.push(sentence);
    }
    if (chosen.length === 0) throw new Error(`No sentence has ${words} words or fewer`);
    const all = sentencesIn(text);
    return { way, text: chosen.toSorted((a, b) => all.indexOf(a) - all.indexOf(b)).join(' ') };
  },
});

/** The sentences from which a draft is made, the one to take first in front. */
const ways: Readonly<Record<Way, (text: string) => readonly string[]>> = {
  beginning: sentencesIn,
  paragraphs: (text) => text.split(/\n\s*\n/).flatMap((paragraph) => sentencesIn(paragraph).slice(0, 1)),
  weight: (text) => {
    const counts = countsOf(text);
    const weightOf = (sentence: string) => {
      const words = wordsIn(sentence);
      return words.reduce((sum, word) => sum + (counts.get(word) ?? 0), 0) / Math.max(1, words.length);
    };
    return sentencesIn(text).toSorted((a, b) => weightOf(b) - weightOf(a));
  },
};

import { type Strategy } from '@braid/events';
import { agent, branch, converge, graphOf, map, parallel, Scenario } from '@braid/testing';

const vote: Extract<Strategy, { name: 'majority-vote' }> = {
  ...{ name: 'majority-vote', by: 'output.verdict', of: 'all', tieBreak: 'fail' },
};

/** A story for each strategy that has something of its own in its decision. */
export const strategyStories: { readonly [name: string]: () => Scenario } = {
  'quorum-of-a-map': () => {
    const quorum = converge({ strategy: { name: 'quorum', require: { percent: 50 } }, losers: 'cancel' });
    const s = Scenario.start(
      graphOf([map('m', [1, 2, 3, 4], [agent('a')], { maxConcurrency: 3, converge: quorum }), agent('next')]),
    );
    s.complete('m/2', 'third');
    s.fail('m/0');
    s.complete('m/1', 'second');
    s.complete('root', 'done');
    return s;
  },

  'majority-that-is-reached-early': () => {
    const branches = ['a', 'b', 'c', 'd', 'e'].map((name) => branch(name));
    const s = Scenario.start(
      graphOf([parallel('f', branches, { converge: converge({ strategy: vote, losers: 'cancel' }) })]),
    );
    s.complete('f/e', { verdict: 'approve' });
    s.complete('f/b', { verdict: 'reject' });
    s.complete('f/a', { verdict: 'approve' });
    s.complete('f/c', { verdict: 'approve' });
    return s;
  },

  'majority-that-is-out-of-reach': () => {
    const branches = ['a', 'b', 'c', 'd'].map((name) => branch(name));
    const settings = converge({ strategy: vote, losers: 'cancel', onUnmet: 'continue' });
    const s = Scenario.start(graphOf([parallel('f', branches, { converge: settings }), agent('next')]));
    s.complete('f/a', { verdict: 'approve' });
    s.complete('f/b', { nothing: true });
    s.complete('f/c', { verdict: 'reject' });
    s.complete('root', 'done');
    return s;
  },

  'tie-that-a-branch-breaks': () => {
    const strategy = { ...vote, of: 'cast', tieBreak: { branch: 'b' }, weights: { a: 2, b: 2 } } as const;
    const s = Scenario.start(
      graphOf([
        parallel('f', [branch('a'), branch('b'), branch('c')], { converge: converge({ strategy, losers: 'drain' }) }),
      ]),
    );
    s.complete('f/b', { verdict: 'reject' });
    s.complete('f/a', { verdict: 'approve' });
    s.fail('f/c');
    return s;
  },

  'best-of-three': () => {
    const settings = converge({ strategy: { name: 'best-of', score: 'output.score' } });
    const s = Scenario.start(graphOf([parallel('f', [branch('a'), branch('b'), branch('c')], { converge: settings })]));
    s.complete('f/c', { score: 7 });
    s.complete('f/a', { score: 'none' });
    s.complete('f/b', { score: 7, better: false });
    return s;
  },

  'fold-of-a-map': () => {
    const strategy = { name: 'reduce', initial: 0, with: '${{ accumulator * 10 + output }}' } as const;
    const s = Scenario.start(graphOf([map('m', ['x', 'y', 'z'], [agent('a')], { converge: converge({ strategy }) })]));
    s.complete('m/2', 3);
    s.complete('m/0', 1);
    s.complete('m/1', 2);
    return s;
  },

  'judge-that-is-asked-twice': () => {
    const judge = agent('judge', { agent: 'critic', with: { drafts: '${{ outputs }}' } });
    const settings = converge({ strategy: { name: 'judge', require: 2, judge }, deadline: 1000 });
    const branches = ['a', 'b', 'c'].map((name) => branch(name));
    const s = Scenario.start(graphOf([parallel('f', branches, { converge: settings }), agent('next')]));
    s.complete('f/a', 'one');
    s.complete('f/b', 'two');
    s.tick(1000);
    s.fail('f/judge', { message: 'no taste', retryable: false });
    s.send({ type: 'retry', by: 'somebody' });
    s.fail('f/c', { retryable: false });
    s.complete('f/judge', { best: 'b' });
    s.complete('root', 'done');
    return s;
  },

  'judge-that-is-passed-over': () => {
    const settings = converge({ strategy: { name: 'judge', judge: agent('judge') }, onUnmet: 'continue' });
    const s = Scenario.start(graphOf([map('m', [1, 2], [agent('a')], { converge: settings }), agent('next')]));
    s.fail('m/0', { retryable: false });
    s.fail('m/1', { retryable: false });
    s.complete('root', 'done');
    return s;
  },

  'losers-that-are-detached': () => {
    const race = converge({ strategy: { name: 'first-success' }, losers: 'detach' });
    const s = Scenario.start(
      graphOf([
        parallel('f', [branch('a'), branch('b'), branch('c'), branch('d')], { maxConcurrency: 3, converge: race }),
        agent('next'),
      ]),
    );
    s.complete('f/a', 'first');
    s.complete('f/b', 'late');
    s.complete('root', 'done');
    return s;
  },
};

import { plain } from '../terminal.fixture';
import { costLines } from './cost';

const cost = { attempts: 3, agentMs: 1_200 };

it('tells what was used', () => {
  expect(costLines({ ...cost, usage: {} }, plain)).toEqual(['3 attempts, 1.2 s of work by agents']);
  expect(costLines({ ...cost, attempts: 1, usage: { tokens: 70, usd: 0.1 } }, plain)).toEqual([
    '1 attempt, 1.2 s of work by agents, 70 tokens, 0.1 usd',
  ]);
});

it('tells of a budget what is used, set aside and left', () => {
  const budget = { tokens: 1000, attempts: 3, usd: 2 };
  const view = { ...cost, usage: { tokens: 70, calls: 4 }, reserved: { tokens: 500 }, budget };

  expect(costLines({ ...view, remaining: { tokens: 430, attempts: 0, usd: 2 } }, plain)).toEqual([
    '3 attempts, 1.2 s of work by agents, 4 calls',
    'budget of 1000 tokens: 70 used, 500 set aside, 430 left',
    'budget of 3 attempts: 3 used, 0 left',
    'budget of 2 usd: 0 used, 2 left',
  ]);
});

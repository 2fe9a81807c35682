import { type CostView } from '@braid/contracts';
import { type Colours } from '../terminal';
import { span } from './time';

/** What a workflow has used, and where it has a budget how far it has gone. */
export function costLines(
  { attempts, agentMs, usage, reserved, budget, remaining }: CostView,
  colours: Colours,
): readonly string[] {
  const outsideBudget = Object.entries(usage).filter(([unit]) => !(budget && Object.hasOwn(budget, unit)));
  const parts = [
    `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    `${span(agentMs)} of work by agents`,
    ...outsideBudget.map(([unit, amount]) => `${JSON.stringify(amount)} ${unit}`),
  ];
  const budgetLines = Object.entries(budget ?? {}).map(([unit, whole]) => {
    const left = remaining?.[unit] ?? 0;
    const set = reserved?.[unit] ?? 0;
    const used = unit === 'attempts' ? attempts : JSON.stringify(usage[unit] ?? 0);
    const text = `budget of ${whole} ${unit}: ${used} used${set === 0 ? '' : `, ${set} set aside`}, ${left} left`;
    return left === 0 ? colours.yellow(text) : text;
  });
  return [parts.join(', '), ...budgetLines];
}

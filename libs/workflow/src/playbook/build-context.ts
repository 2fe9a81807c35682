import { type Step } from '@braid/events';
import { type ProblemList } from './problem';
import { type StepNames } from './step-names';
import { type AgentDefaults } from './agent-policy';

/** What a step of any kind has. */
export type Base = Pick<Step, 'id' | 'path' | 'if' | 'export' | 'onFailure' | 'compensate'>;

/** What all parts of a playbook share while its graph is built. */
export type Building = {
  readonly problems: ProblemList;
  readonly names: StepNames;
  readonly defaults: AgentDefaults;
  /** Graph paths of the sequences and forks of which a part could not be read: names in them may exist after all. */
  readonly partial: Set<string>;
};

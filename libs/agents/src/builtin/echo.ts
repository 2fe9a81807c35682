import { type Agent } from '../agent';

/** Gives back its input. */
export const echo: Agent = {
  name: 'builtin.echo',
  run: (work) => Promise.resolve(work.input),
};

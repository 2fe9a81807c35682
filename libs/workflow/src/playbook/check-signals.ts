import { type JsonObject } from '@braid/events';
import { sameJson } from '../context';
import { pathTo, type ProblemList } from './problem';
import { type Sequence } from './sequences';

/** Steps that wait for the same signal expect the same of it: a signal may come before it is known which of them takes it. */
export function checkSignals(sequences: readonly Sequence[], problems: ProblemList): void {
  const first = new Map<string, { readonly schema: JsonObject; readonly path: string }>();
  for (const step of sequences.flatMap(({ steps }) => steps)) {
    if (step.kind !== 'signal' || step.name === '') continue;
    const { name, path, schema = {} } = step;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, { schema, path });
    else if (!sameJson(earlier.schema, schema)) {
      problems.add({
        path: pathTo(path, 'signal', 'schema'),
        message: `the signal "${name}" has another schema at ${earlier.path}`,
        suggestion: 'give both the same schema, or another name to one of them',
      });
    }
  }
}

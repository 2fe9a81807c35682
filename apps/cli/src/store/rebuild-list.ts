import { type RebuildOptions, type RebuildReport } from '@braid/event-store';
import { type Cli } from '../cli';
import { withStore } from './with-store';

/** Makes the list of workflows of this installation anew. */
export function rebuildList(cli: Cli, options: RebuildOptions): Promise<RebuildReport> {
  return withStore(cli, (store) => store.rebuildSummaries(options));
}

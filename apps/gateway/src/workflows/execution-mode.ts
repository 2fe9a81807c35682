import { type ExecutionMode, type Graph } from '@braid/events';

/** The narrower of configuration, run and playbook wins: one that says `sequential` is obeyed. */
export function narrowestMode(
  configured: ExecutionMode,
  ofRun: ExecutionMode | undefined,
  ofPlaybook: Graph['executionType'],
): ExecutionMode {
  return configured === 'sequential' || ofRun === 'sequential' || ofPlaybook === 'sequential'
    ? 'sequential'
    : 'parallel';
}

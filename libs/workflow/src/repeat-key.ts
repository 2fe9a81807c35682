import { type WorkflowEvent } from '@braid/events';

/** What a command to the workflow as a whole is remembered by, among the ids of signals, which have no spaces. */
export function repeatKey(command: 'pause' | 'resume' | 'retry', id: string): string {
  return `${command} ${id}`;
}

/** The key of the command that an event records; undefined when it records none, or one without an id. */
export function repeatKeyOf({ type, data }: WorkflowEvent): string | undefined {
  switch (type) {
    case 'WorkflowPaused':
      return data.id === undefined ? undefined : repeatKey('pause', data.id);
    case 'WorkflowResumed':
      return data.id === undefined ? undefined : repeatKey('resume', data.id);
    case 'WorkflowRetried':
      return data.id === undefined ? undefined : repeatKey('retry', data.id);
    default:
      return undefined;
  }
}

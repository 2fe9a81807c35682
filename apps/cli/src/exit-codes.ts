/** How the process ends. Scripts rely on these. */
export const exitCodes = {
  done: 0,
  /** The workflow, the playbook or the check failed, or the service refused. */
  failed: 1,
  /** The command line, a file or a setting cannot be used. */
  usage: 2,
  /** The service cannot be reached. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

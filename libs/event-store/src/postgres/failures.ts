/** Error codes of the socket and of name resolution that mean "no connection". */
const socketCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);

/** What the driver says, without a code, about a connection that is gone. */
const driverMessages =
  /connection terminated|query read timeout|timeout exceeded|timeout expired|not queryable|closed/i;

/** SQLSTATEs of a server that rolled the statement back and may accept it later: deadlock, lock timeout, cancelled. */
const retryableStates: ReadonlySet<string> = new Set(['40001', '40P01', '55P03', '57014', '58030']);

/** SQLSTATE classes of a server that has no room or no readiness now: connection, resources, operator intervention. */
const unavailableClasses: ReadonlySet<string> = new Set(['08', '53', '57']);

export type StoreFailure =
  /** The connection is gone: what was under way may have happened. */
  | 'disconnected'
  /** The server answered that it did not do it, and may do it later. */
  | 'refused-for-now'
  /** A key exists already. */
  | 'duplicate'
  /** The values break a limit of the server. */
  | 'invalid'
  | 'bug';

/** What an error of the driver means for the statement that was under way. */
export function classify(error: unknown): StoreFailure {
  const code = codeOf(error);
  if (code !== undefined && socketCodes.has(code)) {
    return 'disconnected';
  }
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) {
    return classifyState(code);
  }
  const { errors, message } = fieldsOf(error);
  // A host with several addresses fails with one error for each of them.
  if (Array.isArray(errors)) {
    return errors.some((inner) => classify(inner) === 'disconnected') ? 'disconnected' : 'bug';
  }
  return typeof message === 'string' && driverMessages.test(message) ? 'disconnected' : 'bug';
}

function classifyState(state: string): StoreFailure {
  if (state === '23505') {
    return 'duplicate';
  }
  // A backend that is told to go says so before it closes: whether it had committed is not known. A server that became a
  // standby refuses to write; only another connection can lead to the one that took over.
  if (state === '57P01' || state === '57P02' || state === '57P05' || state === '25006' || state.startsWith('08')) {
    return 'disconnected';
  }
  if (retryableStates.has(state) || unavailableClasses.has(state.slice(0, 2))) {
    return 'refused-for-now';
  }
  return state.startsWith('22') || state.startsWith('54') ? 'invalid' : 'bug';
}

export function codeOf(error: unknown): string | undefined {
  const { code } = fieldsOf(error);
  return typeof code === 'string' ? code : undefined;
}

/** Not by class: errors of the runtime and of the driver can come from another realm than this file. */
function fieldsOf(error: unknown): { readonly code?: unknown; readonly errors?: unknown; readonly message?: unknown } {
  return typeof error === 'object' && error !== null ? error : {};
}

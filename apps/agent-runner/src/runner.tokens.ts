/** Injection tokens of what has no class. */
export const runnerLogger = Symbol('runnerLogger');
export const runnerRegistry = Symbol('runnerRegistry');
export const runnerBus = Symbol('runnerBus');

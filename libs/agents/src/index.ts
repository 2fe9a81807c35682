export { type Agent, type AttemptContext, type Work } from './agent';
export { createAgents, type Agents, type AgentsOptions } from './create-agents';
export { type LoadProblem } from './function/load-function-agents';
export { outputTooLarge, toJson } from './output';
export { nothingToRedact, Redactor, resolveSecrets, secretsFromEnvironment, type SecretSource } from './secrets';
export { toFailure } from './to-failure';
export { Usage } from './usage';

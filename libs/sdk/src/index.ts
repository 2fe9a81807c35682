export { AgentError, isAgentError, NonRetryableError, type AgentErrorOptions } from './agent-error';
export {
  BraidClient,
  type BraidClientOptions,
  type PlaybookInput,
  type Publication,
  type StartRequest,
} from './client';
export { BraidError } from './braid-error';
export {
  defineAgent,
  isAgentDefinition,
  type AgentContext,
  type AgentDefinition,
  type AgentOptions,
} from './define-agent';
export { type DeadLetterView, type RunnerView, type ServingView } from './operations';

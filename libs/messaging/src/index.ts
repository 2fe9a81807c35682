export type {
  Bus,
  BusCounts,
  ConnectionObserver,
  Delivery,
  Intake,
  IntakeOptions,
  LiveMessage,
  Log,
  Publisher,
} from './bus';
export { connectBus, type BusOptions } from './connection';
export {
  DeadLetterError,
  dropDeadLetter,
  getDeadLetter,
  listDeadLetters,
  retryDeadLetter,
  type DeadLetter,
} from './dead-letters';
export { liveTransport } from './live-transport';
export { ensureAgentConsumer, provision } from './provision';
export { ProvisionError, type Provisioned } from './provisioner';
export { PublishError, type PublishErrorCode } from './publish-error';
export { setAsideStrays } from './strays';
export {
  agentConsumer,
  partitionConsumer,
  type ConsumerSpec,
  type StreamLimits,
  type StreamName,
  type StreamSpec,
} from './topology';

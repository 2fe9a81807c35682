export {
  type ChildEnd,
  type ChildName,
  type Command,
  type Limits,
  type Rejection,
  type Report,
  type SignsOfLife,
} from './commands';
export { decide, type Decision } from './decide';
export { awaitingBranch } from './child';
export { nextObligation } from './tick';

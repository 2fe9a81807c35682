export { type Command, type Limits, type Rejection, type Report, type SignsOfLife } from './commands';
export { decide, type Decision } from './decide';
export { nextObligation } from './tick';

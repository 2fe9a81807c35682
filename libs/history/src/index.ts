export { difference } from './difference';
export { type CheckName, type Fault, type VerifyReport } from './verify/report';
export { type Progress, UnknownWorkflowError, verify, type VerifyOptions } from './verify/verify';
export { Watch } from './watch';
export { WorkflowSnapshots } from './workflow-snapshots';

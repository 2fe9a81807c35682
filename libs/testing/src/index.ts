export { type FreshDatabase, freshDatabase, type FreshNats, freshNats } from './servers';
export { agent, branch, child, choose, converge, fail, graphOf, map, parallel, set, signal, wait, when } from './graph';
export { Scenario } from './scenario';
export { checkCompensations } from './compensations';
export { checkState } from './invariants';
export { forks, type GraphOptions, graphs, type SignalName, variables } from './random-graph';
export { playbookFamilies } from './hostile/playbook-families';
export { repeated, yamlFamilies } from './hostile/yaml-families';
export { GrpcClient, GrpcRefusal } from './grpc-client';

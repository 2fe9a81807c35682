export { type FreshDatabase, freshDatabase, type FreshNats, freshNats } from './servers';
export { agent, branch, choose, converge, fail, graphOf, map, parallel, set, signal, wait, when } from './graph';
export { Scenario } from './scenario';

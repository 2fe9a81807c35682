export { type FreshDatabase, freshDatabase, type FreshNats, freshNats } from './servers';
export { agent, branch, converge, graphOf, map, parallel, set } from './graph';
export { Scenario } from './scenario';

export { type FreshDatabase, freshDatabase, type FreshNats, freshNats } from './servers';

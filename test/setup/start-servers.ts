import { acquireServers } from './servers';

// jest calls what the module exports.
export = acquireServers;

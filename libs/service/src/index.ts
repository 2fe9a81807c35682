export { type HealthOptions } from './health.controller';
export { HealthModule } from './health.module';
export { instanceName } from './instance';
export { createLogger, nestLogger, type Logger } from './logger';
export { Counter, createMetrics, Gauge, Histogram, Registry } from './metrics';
export { type Readiness, readinessOf } from './readiness';
export { exitOnUncaught, stopOnSignals } from './shutdown';

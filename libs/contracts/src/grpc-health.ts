/** The public health protocol of gRPC. */
export { Health } from './gen/grpc/health/v1/health_pb';

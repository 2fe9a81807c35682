/** The messages of the public error model of gRPC. */
export { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from './gen/google/rpc/error_details_pb';
export { StatusSchema } from './gen/google/rpc/status_pb';

import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ReflectionService } from '@grpc/reflection';

/** Tells clients which services the files have and what their messages look like, so that tools need no protos. */
export function reflectionOf(known: readonly DescFile[]): ReflectionService {
  const files = new Map<string, Buffer>();
  const collect = (file: DescFile) => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
    file.dependencies.forEach(collect);
  };
  known.forEach(collect);
  const ours = {
    format: 'Protocol Buffer 3 DescriptorProto' as const,
    type: {},
    fileDescriptorProtos: [...files.values()],
  };
  return new ReflectionService({ files: ours });
}

import { type PlaybookProblem, type ProblemDetails } from '@braid/contracts';
import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { problemCode, problemCodes, type ProblemCode } from './problem-codes';

export class PlaybookProblemDto implements PlaybookProblem {
  @ApiProperty({ description: 'Where in the document', example: 'steps[1].parallel.branches.speed.agent' })
  readonly path!: string;
  @ApiPropertyOptional({ type: Number, minimum: 1 })
  readonly line?: number;
  @ApiPropertyOptional({ type: Number, minimum: 1 })
  readonly column?: number;
  @ApiProperty({ example: '"agnet" is not a known field' })
  readonly message!: string;
  @ApiPropertyOptional({ example: 'did you mean "agent"?' })
  readonly suggestion?: string;
  @ApiProperty({ enum: ['error', 'warning'], description: 'Warnings do not keep a playbook from running' })
  readonly severity!: 'error' | 'warning';
}

/** RFC 9457. */
export class ProblemDto implements ProblemDetails {
  @ApiProperty({ format: 'uri-reference', example: '/v1/problems/workflow.not-found' })
  readonly type!: string;
  @ApiProperty({ example: 'There is no such workflow' })
  readonly title!: string;
  @ApiProperty({ example: 404 })
  readonly status!: number;
  @ApiProperty({ description: 'Stable: what programs decide by', enum: Object.keys(problemCodes) })
  readonly code!: string;
  @ApiPropertyOptional({ description: 'What is wrong with this request in particular' })
  readonly detail?: string;
  @ApiPropertyOptional({ description: 'What the caller should do' })
  readonly next?: string;
  @ApiPropertyOptional({ format: 'uri-reference', example: '/v1/workflows/0199' })
  readonly instance?: string;
  @ApiPropertyOptional({ type: [PlaybookProblemDto] })
  readonly problems?: readonly PlaybookProblem[];
}

export class ProblemCodeDto {
  @ApiProperty({ example: 'workflow.not-found' })
  readonly code!: string;
  @ApiProperty({ example: 404 })
  readonly status!: number;
  @ApiProperty()
  readonly title!: string;
  @ApiProperty({ description: 'What the caller should do' })
  readonly next!: string;
}

export class ProblemCodeListDto {
  @ApiProperty({ type: [ProblemCodeDto] })
  readonly problems!: readonly ProblemCodeDto[];
}

/** Documents the problems that an endpoint may answer, one response per status with an example per code. */
export function ApiProblems(...codes: readonly ProblemCode[]): MethodDecorator & ClassDecorator {
  const all: readonly ProblemCode[] = [...codes, 'service.unavailable', 'internal'];
  const statuses = [...new Set(all.map((code) => problemCode(code).status))];
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...statuses.map((status) => {
      const here = all.filter((code) => problemCode(code).status === status);
      return ApiResponse({
        status,
        description: here.map((code) => problemCode(code).title).join('; or: '),
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(ProblemDto) },
            examples: Object.fromEntries(here.map((code) => [code, { value: example(code) }])),
          },
        },
      });
    }),
  );
}

function example(code: ProblemCode) {
  const { title, status, next } = problemCode(code);
  return { type: `/v1/problems/${code}`, title, status, code, next };
}

import { type Amounts, type ExecutionMode, type JsonObject } from '@braid/events';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsObject } from 'class-validator';
import { MayBeAbsent } from '../edge/may-be-absent';
import { IsPlaybookSource } from '../playbooks/is-playbook-source';
import { IsBudget } from './is-budget';
import { type StartRequest } from './start-identity';

const examplePlaybook = {
  name: 'greet',
  variables: { who: { type: 'string', default: 'world' } },
  steps: [{ id: 'hello', agent: 'builtin.echo', with: { text: 'Hello ${{ variables.who }}' } }],
};

export class StartWorkflowDto {
  @ApiProperty({
    description:
      '`name` or `name@version` of a published playbook, the YAML text of a playbook, or the playbook itself',
    oneOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }],
    examples: ['repo-audit@1.0.0', examplePlaybook],
  })
  @IsPlaybookSource()
  playbook!: string | JsonObject;

  @ApiPropertyOptional({
    description: 'Values of the variables that the playbook declares',
    type: 'object',
    additionalProperties: true,
    example: { who: 'Ada' },
  })
  @MayBeAbsent()
  @IsObject({ message: 'variables must be an object of names and values' })
  variables?: JsonObject;

  @ApiPropertyOptional({
    description: 'What the root branch knows at the start, beside the variables',
    type: 'object',
    additionalProperties: true,
  })
  @MayBeAbsent()
  @IsObject({ message: 'context must be an object of names and values' })
  context?: JsonObject;

  @ApiPropertyOptional({
    description:
      'sequential runs the branches one at a time; the narrower of this, the playbook and the configuration wins',
    enum: ['parallel', 'sequential'],
  })
  @MayBeAbsent()
  @IsIn(['parallel', 'sequential'], { message: 'executionMode must be parallel or sequential' })
  executionMode?: ExecutionMode;

  @ApiPropertyOptional({
    description:
      'What all attempts of this run may use at most, by unit; of this and the budget of the playbook the smaller amount holds',
    type: 'object',
    additionalProperties: { type: 'number', minimum: 0 },
    example: { tokens: 20_000, usd: 0.5 },
  })
  @MayBeAbsent()
  @IsBudget()
  budget?: Amounts;
}

/** What the body asks for, with what it leaves out. */
export function startRequest({ playbook, variables, context, executionMode, budget }: StartWorkflowDto): StartRequest {
  return {
    ...{ playbook, variables: variables ?? {}, context: context ?? {} },
    ...(executionMode === undefined ? {} : { executionMode }),
    ...(budget === undefined ? {} : { budget }),
  };
}

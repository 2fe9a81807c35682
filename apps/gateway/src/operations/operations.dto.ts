import { type RunnerPresence } from '@braid/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { type AgentView, type RunnerView } from './presence';

export class AgentDto implements AgentView {
  @ApiProperty({ example: 'builtin.echo' })
  readonly agent!: string;
  @ApiProperty({ type: [String], description: 'Runners that have it and take work' })
  readonly runners!: readonly string[];
  @ApiProperty({ description: 'How many attempts can run at once' })
  readonly slots!: number;
  @ApiProperty({ description: 'How many run now' })
  readonly busy!: number;
}

export class AgentListDto {
  @ApiProperty({ type: [AgentDto] })
  readonly agents!: readonly AgentView[];
}

export class ServedAgentDto {
  @ApiProperty()
  readonly agent!: string;
  @ApiProperty()
  readonly slots!: number;
  @ApiProperty()
  readonly busy!: number;
}

export class RunnerDto implements RunnerView {
  @ApiProperty()
  readonly runner!: string;
  @ApiProperty()
  readonly host!: string;
  @ApiProperty()
  readonly pid!: number;
  @ApiProperty({ description: 'Whether it takes no new work because it stops' })
  readonly draining!: boolean;
  @ApiProperty({ type: [ServedAgentDto] })
  readonly agents!: RunnerPresence['agents'];
  @ApiProperty({ format: 'date-time' })
  readonly startedAt!: string;
  @ApiProperty({ format: 'date-time' })
  readonly heardAt!: string;
}

export class RunnerListDto {
  @ApiProperty({ type: [RunnerDto] })
  readonly runners!: readonly RunnerView[];
}

export class DeadLetterQueryDto {
  @ApiPropertyOptional({ description: 'Number of the last one that is known already', type: Number, default: 0 })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'after must be a whole number' })
  @Min(0, { message: 'after must be at least 0' })
  @Max(Number.MAX_SAFE_INTEGER, { message: 'after is too large' })
  after: number = 0;

  @ApiPropertyOptional({ type: Number, default: 50, maximum: 200 })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1, { message: 'limit must be at least 1' })
  @Max(200, { message: 'limit must be at most 200' })
  limit: number = 50;
}

export class DeadLetterDto {
  @ApiProperty({ description: 'Its number', example: '17' })
  readonly id!: string;
  @ApiProperty({ format: 'date-time' })
  readonly at!: string;
  @ApiProperty({ description: 'Why it was set aside' })
  readonly reason!: string;
  @ApiProperty({ description: 'Where it had been published to' })
  readonly subject!: string;
  @ApiProperty()
  readonly stream!: string;
  @ApiProperty()
  readonly deliveryCount!: number;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  readonly headers!: Readonly<Record<string, string>>;
  @ApiProperty({ description: 'The message; in base64 when it is not text' })
  readonly body!: string;
  @ApiProperty({ enum: ['utf-8', 'base64'] })
  readonly encoding!: 'utf-8' | 'base64';
  @ApiPropertyOptional({ description: 'Bytes of the whole message, when only its beginning was kept' })
  readonly cutFrom?: number;
}

export class DeadLetterListDto {
  @ApiProperty({ type: [DeadLetterDto] })
  readonly deadLetters!: readonly DeadLetterDto[];
  @ApiPropertyOptional({ description: '`after` of the next page; absent on the last' })
  readonly next?: number;
}

export class OrphansDto {
  @ApiProperty({
    description: 'Open workflows that nobody has looked at for a minute although they were due; 0 is healthy',
  })
  readonly orphans!: number;
}

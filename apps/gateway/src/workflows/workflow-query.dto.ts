import { type WorkflowStatus } from '@braid/contracts';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsISO8601, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { largestVersion } from './largest-version';

const statuses = ['running', 'paused', 'completed', 'failed', 'cancelled'] as const satisfies readonly WorkflowStatus[];

export class StartQueryDto {
  @ApiPropertyOptional({
    description: 'Holds the answer until the workflow has ended or this time has passed, at most 5m',
    example: '30s',
  })
  @IsOptional()
  @IsString({ message: 'wait must be given once, for example wait=30s' })
  wait?: string;
}

export class VersionQueryDto {
  @ApiPropertyOptional({ description: 'The workflow as it stood after this event', type: Number, minimum: 1 })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'version must be a whole number' })
  @Min(1, { message: 'version must be at least 1' })
  @Max(largestVersion, { message: 'version is too large' })
  version?: number;
}

export class GraphQueryDto extends VersionQueryDto {
  @ApiPropertyOptional({
    description: 'json: nodes and edges; mermaid and dot: text that tools draw',
    enum: ['json', 'mermaid', 'dot'],
    default: 'json',
  })
  @IsOptional()
  @IsIn(['json', 'mermaid', 'dot'], { message: 'format must be json, mermaid or dot' })
  format: 'json' | 'mermaid' | 'dot' = 'json';

  @ApiPropertyOptional({ description: 'Draw every branch, also of forks with many', type: Boolean, default: false })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean({ message: 'expand must be true or false' })
  expand: boolean = false;
}

export class HistoryQueryDto {
  @ApiPropertyOptional({ description: 'Version of the last event that is known already', type: Number, default: 0 })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'after must be a whole number' })
  @Min(0, { message: 'after must be at least 0' })
  @Max(largestVersion, { message: 'after is too large' })
  after: number = 0;

  @ApiPropertyOptional({ description: 'Most events in one answer', type: Number, default: 500, maximum: 5000 })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1, { message: 'limit must be at least 1' })
  @Max(5000, { message: 'limit must be at most 5000' })
  limit: number = 500;
}

export class StreamQueryDto {
  @ApiPropertyOptional({
    description: 'Version of the last event that is known already; the header Last-Event-ID goes before it',
    type: Number,
    default: 0,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'after must be a whole number' })
  @Min(0, { message: 'after must be at least 0' })
  @Max(largestVersion, { message: 'after is too large' })
  after: number = 0;
}

export class ListQueryDto {
  @ApiPropertyOptional({ enum: statuses })
  @IsOptional()
  @IsIn(statuses, { message: `status must be one of ${statuses.join(', ')}` })
  status?: WorkflowStatus;

  @ApiPropertyOptional({ description: 'Name of the playbook' })
  @IsOptional()
  @IsString({ message: 'playbook must be given once' })
  @MaxLength(200, { message: 'playbook must have at most 200 characters' })
  playbook?: string;

  @ApiPropertyOptional({ description: 'An agent that worked for the workflow' })
  @IsOptional()
  @IsString({ message: 'agent must be given once' })
  @MaxLength(200, { message: 'agent must have at most 200 characters' })
  agent?: string;

  @ApiPropertyOptional({ description: 'Started at or after', example: '2026-01-31T00:00:00Z' })
  @IsOptional()
  @IsISO8601({ strict: true }, { message: 'from must be a moment in ISO 8601' })
  from?: string;

  @ApiPropertyOptional({ description: 'Started before', example: '2026-02-01T00:00:00Z' })
  @IsOptional()
  @IsISO8601({ strict: true }, { message: 'to must be a moment in ISO 8601' })
  to?: string;

  @ApiPropertyOptional({ description: 'Text to look for' })
  @IsOptional()
  @IsString({ message: 'q must be given once' })
  @MaxLength(200, { message: 'q must have at most 200 characters' })
  q?: string;

  @ApiPropertyOptional({ description: '`next` of the page before' })
  @IsOptional()
  @IsString({ message: 'cursor must be given once' })
  @MaxLength(500, { message: 'cursor is not one of ours' })
  cursor?: string;

  @ApiPropertyOptional({ type: Number, default: 50, maximum: 500 })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1, { message: 'limit must be at least 1' })
  @Max(500, { message: 'limit must be at most 500' })
  limit: number = 50;
}

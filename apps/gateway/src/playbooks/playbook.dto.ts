import { type PlaybookProblem } from '@braid/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { PlaybookProblemDto } from '../problems/problem.dto';

export class PlaybookListingDto {
  @ApiProperty({ example: 'repo-audit' })
  readonly name!: string;
  @ApiProperty({ example: '1.0.0' })
  readonly version!: string;
  @ApiProperty({ format: 'date-time' })
  readonly publishedAt!: string;
}

export class PlaybookListDto {
  @ApiProperty({ type: [PlaybookListingDto], description: 'By name, and the newest version of a name first' })
  readonly playbooks!: readonly PlaybookListingDto[];
  @ApiPropertyOptional({ description: '`cursor` of the next page; absent on the last' })
  readonly next?: string;
}

export class PlaybookQueryDto {
  @ApiPropertyOptional({ type: Number, default: 1000, maximum: 1000 })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1, { message: 'limit must be at least 1' })
  @Max(1000, { message: 'limit must be at most 1000' })
  limit: number = 1000;

  @ApiPropertyOptional({ description: '`next` of the page before' })
  @IsOptional()
  @IsString({ message: 'cursor must be given once' })
  @MaxLength(500, { message: 'cursor is not one of ours' })
  cursor?: string;
}

export class PublishedPlaybookDto extends PlaybookListingDto {
  @ApiProperty({ description: 'SHA-256 of the source' })
  readonly digest!: string;
  @ApiProperty({ description: 'The text as it was published' })
  readonly source!: string;
  @ApiProperty({
    description: 'The playbook compiled: defaults applied, ids given, short forms expanded',
    type: 'object',
    additionalProperties: true,
  })
  readonly graph!: object;
}

export class PublicationDto extends PublishedPlaybookDto {
  @ApiProperty({ type: [PlaybookProblemDto], description: 'Warnings' })
  readonly problems!: readonly PlaybookProblem[];
}

export class ValidationDto {
  @ApiProperty({ description: 'Whether the playbook can run' })
  readonly valid!: boolean;
  @ApiProperty({ type: [PlaybookProblemDto] })
  readonly problems!: readonly PlaybookProblem[];
}

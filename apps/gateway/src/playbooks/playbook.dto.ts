import { type PlaybookProblem } from '@braid/contracts';
import { ApiProperty } from '@nestjs/swagger';
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

import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Problem } from './problem';
import { problemCode, problemCodes, type ProblemCode } from './problem-codes';
import { ApiProblems, ProblemCodeDto, ProblemCodeListDto } from './problem.dto';

/** Explains the codes: the `type` of every problem leads here. */
@ApiTags('problems')
@Controller('v1/problems')
export class ProblemsController {
  @Get()
  @ApiOperation({ summary: 'List every code that a problem can have' })
  @ApiOkResponse({ type: ProblemCodeListDto })
  list(): ProblemCodeListDto {
    return { problems: (Object.keys(problemCodes) as ProblemCode[]).map(describe) };
  }

  @Get(':code')
  @ApiOperation({ summary: 'Read what a code means and what to do' })
  @ApiOkResponse({ type: ProblemCodeDto })
  @ApiProblems('route.not-found')
  get(@Param('code') code: string): ProblemCodeDto {
    if (!Object.hasOwn(problemCodes, code)) throw new Problem('route.not-found', 'No problem has this code');
    return describe(code as ProblemCode);
  }
}

function describe(code: ProblemCode): ProblemCodeDto {
  const { status, title, next } = problemCode(code);
  return { code, status, title, next };
}

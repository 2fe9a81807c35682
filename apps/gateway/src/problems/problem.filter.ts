import { type Logger } from '@braid/service';
import { type ArgumentsHost, Catch, type ExceptionFilter, NotFoundException } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type AllowedMethods } from '../edge/allowed-methods';
import { describeProblem } from './describe-problem';
import { Problem } from './problem';

/** Answers every error of the HTTP edge as `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly allowedMethods: AllowedMethods,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') {
      this.logger.warn({ error: thrown }, 'a live signal could not be read');
      return;
    }
    const context = host.switchToHttp();
    const request = context.getRequest<FastifyRequest>();
    const reply = context.getResponse<FastifyReply>();
    const { status, body, headers, fault } = describeProblem(this.wrongMethod(thrown, request) ?? thrown, request.url);
    if (fault) this.logger.error({ error: thrown, request: request.id, url: request.url }, 'a request failed');
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    // Sent as bytes: to text Fastify adds a charset, which JSON does not have.
    void reply
      .status(status)
      .headers(headers)
      .type('application/problem+json')
      .send(Buffer.from(JSON.stringify(body)));
  }

  /** The router says only that nothing answers; an address that takes other methods deserves a better answer. */
  private wrongMethod(thrown: unknown, { url, method }: FastifyRequest): Problem | undefined {
    if (!(thrown instanceof NotFoundException)) return undefined;
    const allow = this.allowedMethods(url.split('?', 1)[0] ?? url);
    if (allow.length === 0) return undefined;
    return new Problem('route.method-not-allowed', `${method} is not among ${allow.join(', ')}`, { allow });
  }
}

import { type Agent, type CheckOutcome, type Gatehouse, type RequirementInput, writeOutcome } from '@gatehouse/express';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  createParamDecorator,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  SetMetadata,
} from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';

const requirements = Symbol('requirements');
const isPublic = Symbol('isPublic');

/** What a controller or a handler asks of agents: a scope, several (all needed), or a requirement. */
export const RequireAgent = (requirement: RequirementInput<Request>) => SetMetadata(requirements, [requirement]);

/** Lets anybody in, where nothing is required. */
export const Public = () => SetMetadata(isPublic, true);

/** The verified caller, as a parameter of a handler. */
export const CurrentAgent = createParamDecorator<unknown, Agent>(
  (_data, context) => context.switchToHttp().getRequest<Request>().agent,
);

/** Lets agents through that have what the controller and the handler ask for; where neither asks, any agent. */
export class GatehouseGuard implements CanActivate {
  constructor(
    private readonly gatehouse: Gatehouse,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getClass(), context.getHandler()];
    const asked = this.reflector.getAllAndMerge<RequirementInput<Request>[]>(requirements, places);
    if (asked.length === 0 && this.reflector.getAllAndOverride(isPublic, places)) return true;

    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    // The token is verified once, and the second refusal names the scopes of both.
    for (const requirement of asked.length === 0 ? [{}] : asked) {
      const outcome = await this.gatehouse.check(request, requirement);
      if (outcome.outcome === 'refused') throw new Refusal(outcome);
      writeOutcome(http.getResponse<Response>(), outcome);
      request.agent = outcome.agent;
    }
    return true;
  }
}

/** What the guard throws. To other filters it is an exception with the status of the answer, and its class as message. */
export class Refusal extends HttpException {
  constructor(readonly outcome: CheckOutcome & { outcome: 'refused' }) {
    super(outcome.error.name, outcome.response.status, { cause: outcome.error });
  }
}

/** Answers as Gatehouse does everywhere: the challenge in its field, the same in the body. */
@Catch(Refusal)
export class RefusalFilter implements ExceptionFilter<Refusal> {
  catch({ outcome }: Refusal, host: ArgumentsHost): void {
    writeOutcome(host.switchToHttp().getResponse<Response>(), outcome);
  }
}

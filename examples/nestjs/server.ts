import { type Agent, createGatehouse, type VerifierOptions } from '@gatehouse/express';
import { Controller, Get, type INestApplication, Module, Post } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { CurrentAgent, GatehouseGuard, Public, RefusalFilter, RequireAgent } from './gatehouse.js';

@Controller('data')
@RequireAgent('read:data')
class DataController {
  @Get()
  read(@CurrentAgent() agent: Agent) {
    return { onBehalfOf: agent.sub, actor: agent.actor.sub, chain: agent.act };
  }

  /** What a handler asks for comes on top: both scopes are needed. */
  @Post()
  @RequireAgent('write:data')
  write(@CurrentAgent() agent: Agent) {
    return { writtenBy: agent.actor.sub };
  }
}

@Controller('health')
class HealthController {
  @Get()
  @Public()
  check() {
    return { status: 'ok' };
  }

  @Get('details')
  details() {
    return { status: 'ok', uptimeSeconds: process.uptime() };
  }
}

@Module({ controllers: [DataController, HealthController] })
class AppModule {}

/** An API for agents. In production `resource` is its public URL, and `issuers` names your authorization server. */
export async function createApp(options: VerifierOptions<Request>): Promise<INestApplication> {
  const gatehouse = createGatehouse(options);
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.use(gatehouse.resourceMetadata()); // middleware comes before guards, and knows no global prefix
  app.useGlobalGuards(new GatehouseGuard(gatehouse, app.get(Reflector)));
  app.useGlobalFilters(new RefusalFilter());
  return app;
}

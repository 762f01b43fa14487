import { createServer } from 'node:http';
import { createGatehouse } from '@gatehouse/koa';
import Koa from 'koa';
import { createVerification } from './verification.mjs';

/** @type {Readonly<Record<string, import('./server.mjs').CreateApp>>} */
export const koaApps = {
  bare: () => serve(),
  verification() {
    const verify = createVerification();
    return serve((_ctx, next) => {
      verify();
      return next();
    });
  },
  async gatehouse({ resource, issuer, scope }) {
    const { requireAgent, verifier } = createGatehouse({ resource, issuers: [issuer] });
    await verifier.ready();
    return serve(requireAgent(scope));
  },
};

/** @param {readonly import('koa').Middleware[]} guards */
function serve(...guards) {
  const app = new Koa();
  for (const guard of guards) app.use(guard);
  app.use((ctx) => {
    ctx.body = { data: 'for agents' };
  });
  return createServer(app.callback());
}

import { createGatehouse, findAgent, writeOutcome } from '@gatehouse/express';
import express, { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import { type AdapterUnderTest, bodyOf, createRefusal, serveApi } from './api.ts';

export const expressAdapter: AdapterUnderTest = {
  name: 'express',
  start(options, onHandled = () => undefined) {
    const { requireAgent, optionalAgent, resourceMetadata, check } = createGatehouse(options);
    const answer: RequestHandler = (req, res) => {
      onHandled(req.agent);
      res.set('x-handled', 'yes').json(bodyOf(req.agent));
    };

    const app = express().disable('x-powered-by');
    app.use(resourceMetadata());
    app.get('/open', (req, res) => void res.json({ agent: findAgent(req) !== undefined }));
    app.get('/data', requireAgent('read:data'), answer);
    app.post('/data', express.urlencoded(), requireAgent('read:data'), answer);
    app.all('/any', requireAgent('read:data'), answer);
    app.get('/both', requireAgent(['read:data', 'write:data']), answer);
    const stacked = Router();
    stacked.use(requireAgent('read:data'));
    stacked.get('/admin', requireAgent({ scopes: ['admin'], action: 'admin.read' }), answer);
    app.use('/stacked', stacked);
    const mounted = express().disable('x-powered-by');
    mounted.get('/data', requireAgent('read:data'), answer);
    app.use('/v1', mounted);
    app.get('/optional', optionalAgent('read:data'), (req, res) => {
      const agent = findAgent(req);
      res.json(agent === undefined ? { agent: false } : bodyOf(agent));
    });
    const impostor: RequestHandler = (req, _res, next) => {
      Object.assign(req, { agent: { sub: 'mallory', actor: { sub: 'mallory' } } });
      next();
    };
    app.get('/impostor', impostor, optionalAgent(), (req, res) => {
      res.json('agent' in req ? bodyOf(req.agent) : { agent: false });
    });
    app.get('/owned/:id', requireAgent({ allow: (agent, req) => agent.sub === req.params['id'] }), answer);
    const refuse = requireAgent({
      allow: (_agent, req) => {
        throw createRefusal(String(req.params['class']));
      },
    });
    app.get('/refused/:class', refuse, answer);
    app.get('/checked', async (req, res) => {
      const outcome = await check(req, 'read:data');
      writeOutcome(res, outcome);
      if (outcome.outcome !== 'refused') res.json(bodyOf(outcome.agent));
    });
    app.get('/throws', requireAgent('read:data'), () => {
      throw new Error('the handler has a bug');
    });
    const allow = () => {
      throw new Error('the rule has a bug');
    };
    app.get('/broken-rule', requireAgent({ allow }), answer);
    app.get('/unguarded', (req, res) => void res.json(req.agent.sub));
    const fail: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).json({ error: 'internal' });
    app.use(fail);
    return serveApi(app);
  },
};

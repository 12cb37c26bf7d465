// A service whose answers about tokens are what a test tells it to say, one after the other. Arguments: port, modules, port of
// what it is told.
import { createServer } from "node:http";

const [port, modules, control] = process.argv.slice(2);
const { OAuth2Server, Events } = await import(`${modules}/oauth2-mock-server/dist/index.mjs`);

const server = new OAuth2Server();
await server.issuer.keys.generate("RS256");
const asked = [];
let next = [];
server.service.on(Events.BeforeResponse, (answer, request) => {
  asked.push({ form: request.body, authorization: request.headers.authorization });
  const said = next.length > 1 ? next.shift() : next[0];
  if (said) {
    answer.statusCode = said.status;
    answer.body = said.body;
  }
});
// Beside it: what it is to say, and what it was asked.
const told = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  if (request.method === "PUT") {
    next = JSON.parse(Buffer.concat(parts).toString());
    asked.length = 0;
  }
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(asked));
});
await new Promise((resolve) => told.listen(Number(control), "127.0.0.1", resolve));

await server.start(Number(port), "127.0.0.1");

//! Somebody who hears of events, on loopback. It ends with the process, or when it is told to.

import { createServer } from "node:http";

/** Takes messages at `/hooks`, and says at `/broken` that it cannot now. */
export async function receiver() {
  const got = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => {
      got.push({ path: request.url, headers: request.headers, body });
      const broken = request.url === "/broken";
      response.writeHead(broken ? 503 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(broken ? { error: "the database is away" } : { taken: true }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    got,
    end: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

//! Somebody else's service on loopback, for workflows to call.

import { createServer } from "node:http";

/** `/price` answers, everything else is not found. */
export async function shop() {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const known = request.url === "/price";
    response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(known ? { price: 42 } : { error: "there is no such page" }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked,
    end: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

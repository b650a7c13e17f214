// A trap: the browser is told to reach everything that is not this machine through this proxy,
// which answers nobody and remembers who was asked for. Unlike the list of requests that the
// browser reports, it cannot miss one made by a worker, a style or a prefetch.

import { createServer } from "node:http";

/// Starts the trap; `asked` fills with the addresses that were asked for.
export async function trap() {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(403).end();
  });
  server.on("connect", (request, socket) => {
    asked.push(request.url);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    asked,
    address: `127.0.0.1:${server.address().port}`,
    close: () => new Promise((done) => (server.closeAllConnections(), server.close(done))),
  };
}

import net from 'node:net';

/*
 * A program of its own: passes bytes between whoever connects and a port, knowing nothing of what they mean. What a
 * Node process must at least spend on being in between. With an authority the port is a proxy's, which is asked for a
 * tunnel there first: for clients that cannot ask themselves.
 *
 * node relay.js LISTEN_PORT TARGET_PORT [AUTHORITY]
 */

const [listenPort, targetPort, authority] = process.argv.slice(2);

/** All of what a proxy says before the server speaks. */
function isTunnel(answer: string): boolean {
  return /^HTTP\/1\.[01] 200 /.test(answer) && answer.endsWith('\r\n\r\n');
}

const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const target = net.connect({ port: Number(targetPort), host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const join = (): void => void client.pipe(target).pipe(client);
  client.on('error', () => target.destroy());
  target.on('error', () => client.destroy());
  if (authority === undefined) return join();
  target.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  target.once('data', (answer: Buffer) => {
    if (isTunnel(answer.toString('latin1'))) join();
    else client.destroy();
  });
});
server.listen(Number(listenPort), '127.0.0.1');

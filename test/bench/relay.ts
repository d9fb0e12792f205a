import net from 'node:net';

/*
 * A program of its own: passes bytes between whoever connects and a port, knowing nothing of what they mean. What a
 * Node process must at least spend on being in between.
 *
 * node relay.js LISTEN_PORT TARGET_PORT
 */

const [listenPort, targetPort] = process.argv.slice(2).map(Number);

const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const target = net.connect({ port: targetPort ?? 0, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  client.pipe(target).pipe(client);
  client.on('error', () => target.destroy());
  target.on('error', () => client.destroy());
});
server.listen(listenPort, '127.0.0.1');

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ownFor } from '../certs/identity.js';
import type { Shown, Wanted } from '../certs/leaves.js';
import { certName, uniqueNames } from '../certs/names.js';
import { knowsEcdsa } from '../flow/ciphers.js';
import type { ClientFacts } from '../flow/flow.js';
import { acceptTls, securedClient, withLeaf } from './accepting.js';
import type { Context } from './context.js';
import { detect } from './detection.js';
import type { ClientHello } from './hello.js';
import { connectionImage } from './layers.js';
import { clientRefusal } from './refusals.js';

/** All that can come is TLS, and soon. */
const A_HELLO = { silence: null, isTlsOrRaw: true } as const;
const HTTP1 = 'http/1.1';

/** TLS with a client that speaks it to the proxy itself (MO-01); `done` gets what is inside. */
export function secureProxy(
  context: Context,
  socket: Socket,
  client: ClientFacts,
  done: (secure: TLSSocket, client: ClientFacts) => void,
): void {
  const { localAddress = '', localPort = 0 } = socket; // a closed socket knows them no more
  const address = localAddress.replace(/^::ffff:/, '');
  const refuse = (error: NodeJS.ErrnoException | null): void => {
    const { message } = clientRefusal(error);
    context.scripts.connection('tls_failed_client', connectionImage({ client, error: message }));
    context.log('warn', `${client.address}: TLS with the proxy itself: ${message}`);
    context.ledger.openPassage(client, address, localPort, 'tls', '').failed('handshake', message);
  };
  const accept = (hello: ClientHello): void => {
    const show = (shown: Shown): void => {
      if (socket.destroyed) return refuse(socket.errored);
      const alpn = hello.alpn.length > 0 ? HTTP1 : null;
      acceptTls(context, socket, shown, alpn, {
        done: (secure) => {
          const secured = securedClient(context, client, socket, secure, hello, shown);
          const image = connectionImage({ client: secured, sni: hello.sni });
          context.scripts.connection('tls_established_client', image);
          done(secure, secured);
        },
        failed: refuse,
      });
    };
    withLeaf(context, wanted(context, hello, address), show, (message) => {
      refuse(new Error(message));
      socket.destroy();
    });
  };
  detect(
    socket,
    context.options.head_timeout,
    (detected) => {
      if (detected.type === 'tls') return accept(detected.hello);
      const begun = new Error('the TLS handshake does not begin as it should, or not in time');
      refuse(detected.type === 'closed' ? detected.error : begun);
      socket.destroy();
    },
    A_HELLO,
  );
}

/** A certificate for the name that the client uses for the proxy, and for the address it came in by. */
function wanted({ serving }: Context, { sni, ciphers }: ClientHello, address: string): Wanted {
  const names = uniqueNames([sni, address].flatMap((name) => certName(name) ?? []));
  const own = ownFor(
    serving.own,
    names.map(({ name }) => name),
  );
  return {
    names,
    organization: null,
    chain: '',
    key: knowsEcdsa(ciphers) ? 'ec' : 'rsa',
    own: own?.identity ?? null,
    terms: serving.terms,
  };
}

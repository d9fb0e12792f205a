import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mode, modeName, parseMode, standardPort } from '../../src/flow/mode.js';

function read(text: string): Mode {
  const mode = parseMode(text);
  assert.ok(!('mistake' in mode), text);
  return mode;
}

const MODES: readonly (readonly [text: string, name: string, host: string | null, port: number | null])[] = [
  ['regular', 'regular', null, null],
  ['regular@9000', 'regular', null, 9000],
  ['regular@0', 'regular', null, 0],
  ['regular@0.0.0.0:9000', 'regular', '0.0.0.0', 9000],
  ['regular@[::1]:9000', 'regular', '::1', 9000],
  ['socks5', 'socks5', null, null],
  ['socks5@localhost:1', 'socks5', 'localhost', 1],
  ['upstream:http://proxy.example:3128', 'upstream:http://proxy.example:3128', null, null],
  ['upstream:http://proxy.example', 'upstream:http://proxy.example:80', null, null],
  ['upstream:https://Proxy.Example/', 'upstream:https://proxy.example:443', null, null],
  ['upstream:http://[::1]:8081@9000', 'upstream:http://[::1]:8081', null, 9000],
  ['reverse:http://a', 'reverse:http://a:80', null, null],
  ['reverse:https://a@127.0.0.1:8081', 'reverse:https://a:443', '127.0.0.1', 8081],
  ['reverse:a.example', 'reverse:https://a.example:443', null, null],
  ['reverse:a.example:8443', 'reverse:https://a.example:8443', null, null],
  ['reverse:[2001:db8::1]', 'reverse:https://[2001:db8::1]:443', null, null],
  ['reverse:HTTP://A:1', 'reverse:http://a:1', null, null],
  ['reverse:tcp://a:25', 'reverse:tcp://a:25', null, null],
  ['reverse:tls://[::1]:993@[::]:993', 'reverse:tls://[::1]:993', '::', 993],
];

test('MO-01 MO-02 MO-03 MO-04 OPT-06 a mode is read with its server and where it listens', () => {
  for (const [text, name, host, port] of MODES) {
    const mode = read(text);
    assert.equal(modeName(mode), name, text);
    assert.equal(mode.text, text);
    assert.deepEqual([mode.listenHost, mode.listenPort], [host, port], text);
  }
});

test('MO-01 MO-04 the standard port is 8080, and 1080 for SOCKS', () => {
  assert.deepEqual(
    ['regular', 'socks5', 'reverse:a', 'upstream:http://a'].map(read).map(standardPort),
    [8080, 1080, 8080, 8080],
  );
});

const THERE = 'there are regular, reverse:…, upstream:… and socks5';

const MISTAKES: readonly (readonly [text: string, mistake: string])[] = [
  ['', `"" is no mode; ${THERE}`],
  ['regulr', `"regulr" is no mode; ${THERE}`],
  ['Regular', `"Regular" is no mode; ${THERE}`],
  ['transparent', `mode "transparent" is not there; ${THERE}`],
  ['local:curl', `mode "local" is not there; ${THERE}`],
  ['wireguard', `mode "wireguard" is not there; ${THERE}`],
  ['tun', `mode "tun" is not there; ${THERE}`],
  ['dns@53', `mode "dns" is not there; ${THERE}`],
  ['regular:x', 'mode "regular:x": regular takes nothing behind a colon'],
  ['socks5:1080', 'mode "socks5:1080": socks5 takes nothing behind a colon'],
  ['regular@', 'mode "regular@": "" is no port'],
  ['regular@70000', 'mode "regular@70000": "70000" is no port'],
  ['regular@::1:80', 'mode "regular@::1:80": an IPv6 address stands in brackets, as in [::1]:8080'],
  ['regular@:80', 'mode "regular@:80" names no host'],
  ['upstream', 'mode "upstream" needs a server that begins with http://, https://'],
  ['upstream:a:80', 'mode "upstream:a:80" needs a server that begins with http://, https://'],
  ['upstream:socks5://a:80', 'mode "upstream:socks5://a:80" needs a server that begins with http://, https://'],
  ['reverse', 'mode "reverse" names no host'],
  ['reverse:ftp://a', 'mode "reverse:ftp://a" needs a server that begins with http://, https://, tls://, tcp://'],
  ['reverse:http3://a', 'mode "reverse:http3://a": http3:// is not there'],
  ['reverse:udp://a:1', 'mode "reverse:udp://a:1": udp:// is not there'],
  ['reverse:dns://a', 'mode "reverse:dns://a": dns:// is not there'],
  ['reverse:tcp://a', 'mode "reverse:tcp://a": tcp:// needs a port, as in tcp://a:1234'],
  ['reverse:tls://[::1]', 'mode "reverse:tls://[::1]": tls:// needs a port, as in tls://[::1]:1234'],
  ['reverse:http://a:0', 'mode "reverse:http://a:0": "0" is no port'],
  ['reverse:http://a:b', 'mode "reverse:http://a:b": "b" is no port'],
  ['reverse:http://::1', 'mode "reverse:http://::1": an IPv6 address stands in brackets, as in [::1]:8080'],
  ['reverse:http://a/path', 'mode "reverse:http://a/path": "a/path" is no host'],
];

test('OPT-06 a mode that cannot be read is one sentence that names it', () => {
  for (const [text, mistake] of MISTAKES) assert.deepEqual(parseMode(text), { mistake }, text);
});

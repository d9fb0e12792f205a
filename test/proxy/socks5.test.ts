import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Socks5 } from '../../src/proxy/socks5.js';

/** What came of bytes given in pieces of that size; with a login, only anna's is accepted. */
function talk(bytes: readonly (number | string)[], size: number, hasLogin: boolean): string[] {
  const log: string[] = [];
  const socks = new Socks5({
    send: (answer) => void log.push(answer.toString('hex')),
    accepts: hasLogin ? (user, password) => user === 'anna' && password === 'sé:cret' : null,
    connect: ({ host, port }, rest) => void log.push(`${host} ${port} ${rest.toString()}`.trim()),
    fail: (message, to) => void log.push(to ? `${message}, for ${to.host}:${to.port}` : message),
  });
  const whole = Buffer.concat(bytes.map((one) => (typeof one === 'string' ? Buffer.from(one) : Buffer.from([one]))));
  for (let at = 0; at < whole.length; at += size) socks.push(whole.subarray(at, at + size));
  return log;
}

const REPLY = '0001000000000000';
const WELCOME = [5, 1, 0];
const ZEROES = Array.from({ length: 13 }, () => 0);

interface Case {
  readonly what: string;
  readonly bytes: readonly (number | string)[];
  readonly came: readonly string[];
  readonly login?: true;
}

const CASES: readonly Case[] = [
  { what: 'an IPv4 address', bytes: [...WELCOME, 5, 1, 0, 1, 192, 0, 2, 7, 1, 187], came: ['0500', '192.0.2.7 443'] },
  { what: 'a name', bytes: [...WELCOME, 5, 1, 0, 3, 4, 'A.eX', 0, 80], came: ['0500', 'a.ex 80'] },
  {
    what: 'an IPv6 address',
    bytes: [...WELCOME, 5, 1, 0, 4, 0x20, 1, ...ZEROES, 9, 0, 80],
    came: ['0500', '2001::9 80'],
  },
  { what: 'several methods', bytes: [5, 3, 2, 1, 0, 5, 1, 0, 1, 1, 2, 3, 4, 0, 1], came: ['0500', '1.2.3.4 1'] },
  {
    what: 'BIND',
    bytes: [...WELCOME, 5, 2, 0, 1, 1, 2, 3, 4, 0, 1],
    came: ['0500', `0507${REPLY}`, 'the SOCKS command BIND is not supported'],
  },
  {
    what: 'UDP ASSOCIATE',
    bytes: [...WELCOME, 5, 3, 0, 1, 1, 2, 3, 4, 0, 1],
    came: ['0500', `0507${REPLY}`, 'the SOCKS command UDP ASSOCIATE is not supported'],
  },
  {
    what: 'another kind of address',
    bytes: [...WELCOME, 5, 1, 0, 2],
    came: ['0500', `0508${REPLY}`, 'SOCKS addresses of kind 2 are not supported'],
  },
  {
    what: 'no port',
    bytes: [...WELCOME, 5, 1, 0, 3, 1, 'a', 0, 0],
    came: ['0500', `0501${REPLY}`, 'the SOCKS client names port 0 of a, for a:0'],
  },
  {
    what: 'an empty name',
    bytes: [...WELCOME, 5, 1, 0, 3, 0, 0, 80],
    came: ['0500', `0501${REPLY}`, 'the SOCKS client names a server with an empty name, for :80'],
  },
  {
    what: 'a name with a line break, ESC and NUL',
    bytes: [...WELCOME, 5, 1, 0, 3, 5, 'a\r\n\x1b\0', 0, 80],
    came: [
      '0500',
      `0501${REPLY}`,
      'the SOCKS client names a server that cannot be: "a\\x0d\\x0a\\x1b\\x00", for a\\x0d\\x0a\\x1b\\x00:80',
    ],
  },
  { what: 'only logins', bytes: [5, 1, 2], came: ['05ff', 'the SOCKS client offers only methods of login'] },
  {
    what: 'no login where one is asked for',
    bytes: [5, 1, 0],
    came: ['05ff', 'the SOCKS client offers no login, which proxyauth asks for'],
    login: true,
  },
  {
    what: 'a login',
    bytes: [5, 2, 0, 2, 1, 4, 'anna', 8, 'sé:cret', 5, 1, 0, 1, 1, 2, 3, 4, 0, 1],
    came: ['0502', '0100', '1.2.3.4 1'],
    login: true,
  },
  {
    what: 'a wrong login',
    bytes: [5, 1, 2, 1, 4, 'anna', 1, 'x'],
    came: ['0502', '0101', 'the SOCKS client’s login is wrong'],
    login: true,
  },
  {
    what: 'an empty login',
    bytes: [5, 1, 2, 1, 0, 0],
    came: ['0502', '0101', 'the SOCKS client’s login is wrong'],
    login: true,
  },
  {
    what: 'HTTP',
    bytes: ['G'],
    came: ['the client speaks HTTP, it seems, to a SOCKS5 port: its proxy URL must begin with socks5h://'],
  },
  {
    what: 'letters that are no method',
    bytes: ['q\x80\x00\x00'],
    came: ['the client speaks no SOCKS5 to a SOCKS5 port: its proxy URL must begin with socks5h://'],
  },
  {
    what: 'SOCKS4',
    bytes: [4],
    came: ['the client speaks SOCKS4 to a SOCKS5 port: its proxy URL must begin with socks5h://'],
  },
];

test('MO-04 what a SOCKS client says is read whole and byte by byte (RFC 1928, RFC 1929)', () => {
  for (const { what, bytes, came, login = false } of CASES)
    for (const size of [1, 2, 1000]) assert.deepEqual(talk(bytes, size, login), came, `${what}, ${size} at a time`);
});

test('MO-04 what comes behind the request belongs to the tunnel', () => {
  const bytes = [...WELCOME, 5, 1, 0, 1, 1, 2, 3, 4, 0, 1, 'GET /'];
  assert.deepEqual(talk(bytes, 1000, false), ['0500', '1.2.3.4 1 GET /']);
});

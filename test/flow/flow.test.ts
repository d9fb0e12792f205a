import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authorityOf, bracketed, type RequestHead, type Scheme, urlOf } from '../../src/flow/flow.js';

function head(scheme: Scheme, host: string, port: number, path: string): RequestHead {
  return { method: 'GET', target: path, path, origin: { scheme, host, port }, version: 'HTTP/1.1', fields: [] };
}

describe('DMR-05 a URL', () => {
  it('leaves out the default port of its scheme', () => {
    assert.equal(urlOf(head('http', 'a.test', 80, '/x?y')), 'http://a.test/x?y');
    assert.equal(urlOf(head('https', 'a.test', 443, '/')), 'https://a.test/');
  });

  it('names any other port', () => {
    assert.equal(urlOf(head('https', 'a.test', 80, '/')), 'https://a.test:80/');
    assert.equal(urlOf(head('http', 'a.test', 8080, '/')), 'http://a.test:8080/');
  });

  it('brackets IPv6', () => {
    assert.equal(urlOf(head('http', '::1', 80, '/')), 'http://[::1]/');
    assert.equal(authorityOf({ scheme: 'http', host: '::1', port: 81 }), '[::1]:81');
    assert.equal(bracketed('a.test'), 'a.test');
  });

  it('of OPTIONS * has no path', () => assert.equal(urlOf(head('http', 'a.test', 80, '*')), 'http://a.test'));
});

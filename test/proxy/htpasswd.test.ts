import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apacheMd5, readHtpasswd } from '../../src/proxy/htpasswd.js';

/** Made by Apache's htpasswd. */
const MADE = `# people
bea:$2y$05$eSdnLZDlAHF3deAaxj5FN.GEkS.HlegDY1LBpTW6h3FkrMKzD8KRa

mia:$apr1$6u5/A6YH$Yk89/Vp6pRgCUYV9SykpC/
sue:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
`;

test('OPT-70 a file of htpasswd is read: bcrypt, MD5 and SHA-1', () => {
  const accepts = readHtpasswd(MADE);
  for (const user of ['bea', 'mia', 'sue']) {
    assert.equal(accepts(user, 'secret'), true, user);
    assert.equal(accepts(user, 'Secret'), false, user);
    assert.equal(accepts(user, 'secret'), true, `${user} again`);
  }
  assert.equal(accepts('eve', 'secret'), false);
  assert.equal(accepts('', ''), false);
});

test('OPT-70 Apache’s MD5 is that of openssl passwd -apr1, for passwords of any length', () => {
  assert.equal(apacheMd5('', 'salt'), '$apr1$salt$AnXM5PAEa9T4ruYbwPoUh/');
  assert.equal(
    apacheMd5('a password that is longer than thirty-two bytes: é', '12345678'),
    '$apr1$12345678$QMcoByr.GieDc5IDMEcaG.',
  );
});

test('OPT-70 what cannot be read of such a file is one sentence', () => {
  const mistakes: readonly (readonly [text: string, mistake: RegExp])[] = [
    ['anna', /^Error: line 1 is no USER:HASH$/],
    ['#\n:x', /^Error: line 2 is no USER:HASH$/],
    ['anna:secret', /^Error: the password of anna is hashed in a way that is not known: make it with htpasswd -B$/],
    ['anna:A.wJyvi/Dhrps', /hashed in a way that is not known/],
    ['anna:$5$Vc0TDbGqM3rStCIJ$pjCl9W2sqe/u1rcpt7cXfb5M3fUjseMp2seukHFz1L5', /hashed in a way that is not known/],
    [`anna:$2y$31$${'a'.repeat(53)}`, /^Error: the password of anna has a bcrypt cost of 31; at most 14 is taken$/],
  ];
  for (const [text, mistake] of mistakes) assert.throws(() => readHtpasswd(text), mistake, text);
});

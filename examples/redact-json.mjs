// Replaces the values of secret-looking keys in a JSON response. Run it with | on a flow; V undoes it.
const SECRET = /token|password|secret|authorization/i;

function redact(value) {
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, SECRET.test(key) ? '(redacted)' : redact(inner)]),
  );
}

export function response(flow) {
  if (flow.response.content === null) return console.warn('the body was not kept');
  flow.response.text = JSON.stringify(redact(flow.response.json()));
}

// Prints the cookies of each flow to the event log (E), and how many there were.
let count = 0;

export function start() {
  count = 0;
}

export function request(flow) {
  for (const [name, value] of flow.request.cookies) console.log(`${flow.request.host} sends ${name}=${value}`);
}

export function response(flow) {
  for (const [name, { value }] of flow.response.cookies) {
    count += 1;
    console.log(`${flow.request.host} sets ${name}=${value}`);
  }
}

export function done() {
  console.log(`${count} cookies set`);
}

// Prints the cookies of each flow to the event log (E), and how many there were.
let count = 0;

export function start() {
  count = 0;
}

export function request(flow) {
  for (const line of flow.request.headers.getAll('cookie')) console.log(`${flow.request.host} sends ${line}`);
}

export function response(flow) {
  for (const line of flow.response.headers.getAll('set-cookie')) {
    count += 1;
    console.log(`${flow.request.host} sets ${line}`);
  }
}

export function done() {
  console.log(`${count} cookies set`);
}

// Calls a method of a server with messages as they are: node client.js ADDRESS PATH [gzip]
// Standard input has one message a line, in hexadecimal. All are called at once, over one connection. Standard
// output has one line for each: the answer, or code and text of the error.
const grpc = require("@grpc/grpc-js");
const readline = require("readline");

const [address, path, encoding] = process.argv.slice(2);
const options = { "grpc.max_receive_message_length": -1 };
if (encoding === "gzip") {
  options["grpc.default_compression_algorithm"] = grpc.compressionAlgorithms.gzip;
}
const client = new grpc.Client(address, grpc.credentials.createInsecure(), options);
const asIs = (bytes) => bytes;

function call(message) {
  return new Promise((resolve) => {
    const deadline = Date.now() + 30000;
    client.makeUnaryRequest(path, asIs, asIs, message, new grpc.Metadata(), { deadline }, (error, answer) =>
      resolve(error ? `${error.code} ${error.details}` : answer.toString("hex")),
    );
  });
}

async function main() {
  const calls = [];
  for await (const line of readline.createInterface({ input: process.stdin })) {
    calls.push(call(Buffer.from(line, "hex")));
  }
  for (const outcome of await Promise.all(calls)) {
    console.log(outcome);
  }
  client.close();
}

main();
